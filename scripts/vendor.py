"""Fetch the front-end files that the pages use into `static/vendor/`, with licence and checksum.

Run by a maintainer who wants another version: ``python scripts/vendor.py``. It needs npm once; the files are
committed, so that neither Node nor a content network is needed to build or run the product.
"""

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "static" / "vendor"


@dataclass(frozen=True)
class Package:
    """One npm package: its exact version, and which of its files become which of ours."""

    name: str
    version: str
    licence: str
    files: dict[str, str]

    @property
    def slug(self) -> str:
        return self.name.removeprefix("@").replace("/", "-").replace(".", "-")


PACKAGES = (
    Package("htmx.org", "2.0.11", "0BSD", {"dist/htmx.min.js": "htmx-2.0.11.min.js"}),
    Package(
        "lightweight-charts",
        "5.2.1",
        "Apache-2.0",
        {"dist/lightweight-charts.standalone.production.js": "lightweight-charts-5.2.1.js"},
    ),
    Package("echarts", "6.1.0", "Apache-2.0", {"dist/echarts.common.min.js": "echarts-common-6.1.0.js"}),
    Package(
        "@fontsource-variable/inter",
        "5.3.0",
        "OFL-1.1",
        {f"files/inter-{part}-wght-normal.woff2": f"inter-{part}.woff2" for part in ("latin", "latin-ext")},
    ),
    Package(
        "@fontsource-variable/vazirmatn",
        "5.3.0",
        "OFL-1.1",
        {"files/vazirmatn-arabic-wght-normal.woff2": "vazirmatn-arabic.woff2"},
    ),
)


def fetch(package: Package, folder: Path) -> dict[str, bytes]:
    """Download `package` with npm and return its wanted files and licence by the names they get here."""
    command = ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
    archive = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()
    wanted = {**package.files, "LICENSE": f"{package.slug}.LICENSE"}
    with tarfile.open(folder / archive) as tar:
        return {ours: tar.extractfile(f"package/{theirs}").read() for theirs, ours in wanted.items()}


def store(package: Package, files: dict[str, bytes]) -> Iterator[dict[str, str]]:
    """Write the files; yield one manifest entry for each."""
    for name, content in files.items():
        (VENDOR / name).write_bytes(content)
        yield {
            "file": name,
            "package": package.name,
            "version": package.version,
            "licence": package.licence,
            "sha256": hashlib.sha256(content).hexdigest(),
        }


def main() -> int:
    VENDOR.mkdir(parents=True, exist_ok=True)
    entries: list[dict[str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        for package in PACKAGES:
            try:
                entries += store(package, fetch(package, Path(folder)))
            except subprocess.CalledProcessError as error:
                sys.stderr.write(
                    f"{package.name}@{package.version}: npm could not fetch it. {error.stderr}\n"
                )
                return 1
    kept = {entry["file"] for entry in entries} | {"manifest.json"}
    for stale in VENDOR.iterdir():
        if stale.name not in kept:
            stale.unlink()
    (VENDOR / "manifest.json").write_text(json.dumps(entries, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
