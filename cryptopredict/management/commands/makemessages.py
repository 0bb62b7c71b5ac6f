import json
import re
from pathlib import Path
from typing import Any

from django.core.management.commands import makemessages
from django.utils import translation

from cryptopredict.apps import name_holders

# "80 % interval" is no format, though xgettext takes "% i" for one; flagged so, it could not be compiled.
PERCENT_SIGN = re.compile(r'#, python-format\n(?=msgid "(?:[^"%]|\\"|% )*"\n)')


class Command(makemessages.Command):
    """Django's, without tests and line numbers, and with the names of models and fields.

    Those stand in no source as a text to translate, yet the desk shows them (see `cryptopredict.apps`).
    """

    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]
    xgettext_options = [*makemessages.Command.xgettext_options, "--keyword=_t", "--keyword=_l"]

    def handle(self, *args: Any, **options: Any) -> str | None:
        options |= {"no_wrap": True, "no_location": True, "no_obsolete": True}
        options["ignore_patterns"] += ["tests", "*/tests/*", "benchmarks", "var*", "docs"]
        return super().handle(*args, **options)

    def process_files(self, file_list: list[Any]) -> None:
        super().process_files(file_list)
        with translation.override(None):
            names = sorted({str(getattr(holder, attribute)) for holder, attribute in name_holders()})
        for folder in self.locale_paths:
            with (Path(folder) / f"{self.domain}.pot").open("a", encoding="utf-8") as pot:
                pot.writelines(
                    f'\nmsgid {json.dumps(name, ensure_ascii=False)}\nmsgstr ""\n' for name in names
                )

    def build_potfiles(self) -> list[str]:
        potfiles: list[str] = super().build_potfiles()
        for path in map(Path, potfiles):
            path.write_text(PERCENT_SIGN.sub("", path.read_text(encoding="utf-8")), encoding="utf-8")
        return potfiles
