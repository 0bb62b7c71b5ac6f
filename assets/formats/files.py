"""Files as they come: found in folders, told apart by their first bytes, unpacked, checked to be whole."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from assets.formats.errors import Fault, FormatError

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
SUFFIXES = (*TEXT_SUFFIXES, *(suffix + ".gz" for suffix in TEXT_SUFFIXES), ".gz", ".zip", ".parquet", ".pq")
_PIECE = 1 << 20


def find_files(path: Path | str, *, also: tuple[str, ...] = ()) -> list[Path]:
    """The file itself, or every usable file below a folder, sorted; hidden files and folders are passed over.

    `also` names further suffixes (".json"). Raises FormatError if there is nothing usable.
    """
    root = Path(path)
    if root.is_file():
        return [root]
    suffixes = SUFFIXES + also
    if not root.is_dir():
        raise FormatError(Fault.NO_FILES, root, "there is no such file or folder")
    found = sorted(
        file
        for file in root.rglob("*")
        if file.name.lower().endswith(suffixes)
        and not any(part.startswith(".") for part in file.relative_to(root).parts)
        and file.is_file()
    )
    if not found:
        raise FormatError(
            Fault.NO_FILES, root, f"the folder holds nothing usable; looked for {', '.join(suffixes)}"
        )
    return found


def bare_name(path: Path) -> str:
    """File name without any of the known suffixes: `BTCUSDT-1d.csv.gz` -> `BTCUSDT-1d`."""
    name = path.name
    while name.lower().endswith((*SUFFIXES, ".json")):
        name = name.rpartition(".")[0]
    return name


def is_parquet(path: Path) -> bool:
    """Whether the file begins as Parquet does, or is named so (a truncated one may have lost either end)."""
    return _magic(path) == b"PAR1" or path.suffix.lower() in (".parquet", ".pq")


@contextmanager
def unpacked(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Two streams: the plain bytes, and the file under them, whose position tells the progress.

    Raises FormatError for what the system refuses, for archives of several files and for broken ones.
    """
    with errors_told(path), path.open("rb") as file:
        magic = _magic(path)
        if magic[:2] == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=file) as plain:
                yield io.BufferedReader(plain, _PIECE), file
        elif magic == b"PK\x03\x04":
            with zipfile.ZipFile(file) as archive, archive.open(_only_member(archive, path)) as member:
                yield member, file
        else:
            yield file, file


@contextmanager
def errors_told(path: Path) -> Iterator[None]:
    """Turns what the system (with a number) and the unpackers (without) raise into FormatError."""
    try:
        yield
    except (EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise _damaged(path, error) from error
    except OSError as error:
        if error.errno is None:
            raise _damaged(path, error) from error
        raise FormatError(Fault.UNREADABLE, path, f"the file cannot be read ({error.strerror})") from error


def _damaged(path: Path, error: Exception) -> FormatError:
    return FormatError(Fault.TRUNCATED, path, f"the file is cut off or damaged ({error}); fetch it again")


def check_whole(path: Path) -> int:
    """Bytes on disk. Unpacks a packed file to its end: a damaged one is refused before its first row."""
    with errors_told(path):
        size = path.stat().st_size
    if size == 0:
        raise FormatError(Fault.EMPTY, path, "the file is empty")
    if _magic(path)[:2] in (b"\x1f\x8b", b"PK"):
        with unpacked(path) as (plain, _):
            while plain.read(_PIECE):
                pass
    return size


def _magic(path: Path) -> bytes:
    with errors_told(path), path.open("rb") as file:
        return file.read(4)


def _only_member(archive: zipfile.ZipFile, path: Path) -> Any:
    members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX")]
    if len(members) != 1:
        raise FormatError(
            Fault.ARCHIVE, path, f"the archive holds {len(members)} files instead of one; unpack it first"
        )
    return members[0]
