import hashlib
import json
from pathlib import Path

import pytest

VENDOR = Path(__file__).resolve().parent.parent / "static" / "vendor"
ENTRIES = json.loads((VENDOR / "manifest.json").read_text())


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
def test_a_vendored_file_is_the_one_that_was_fetched(entry: dict[str, str]) -> None:
    assert hashlib.sha256((VENDOR / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]


def test_nothing_is_vendored_without_an_entry_and_a_licence() -> None:
    listed = {entry["file"] for entry in ENTRIES}
    assert {path.name for path in VENDOR.iterdir()} == listed | {"manifest.json"}
    packages = {entry["package"] for entry in ENTRIES}
    licensed = {entry["package"] for entry in ENTRIES if entry["file"].endswith(".LICENSE")}
    assert licensed == packages
