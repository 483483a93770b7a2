"""Seals or opens files as one whole process, for secure.py to measure.

python benchmarks/write_secure.py seal FOLDER TARGET
python benchmarks/write_secure.py open FOLDER TARGET
"""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from reporting.forked import in_processes
from secure import Keys, Sealer, open_secure_file, prepare

PHRASE = "phrase"
AT_ONCE = 16  # files that a process takes


def pieces(path: Path) -> Iterator[bytes]:
    """Yield the content of a file."""
    with path.open("rb", buffering=0) as file:
        while piece := file.read(1 << 20):
            yield piece


def seal(sealer: Sealer, source: Path, target: Path) -> None:
    """Write one Secure DICOM File."""
    with target.open("wb", buffering=0) as file:
        for piece in sealer.seal(source.stat().st_size).pieces(pieces(source)):
            file.write(piece)


def unseal(keys: Keys, source: Path, target: Path) -> None:
    """Write what is in one Secure DICOM File."""
    with target.open("w+b", buffering=0) as file:
        open_secure_file(pieces(source), keys, source.name, file=file).close()


class Files:
    """The work of one process, a number of files at a time."""

    def __init__(self, do: Callable[[Path], None], sources: list[Path]) -> None:
        self._do, self._sources = do, sources

    def piece(self, number: int) -> object:
        """Do some files."""
        for source in self._sources[number * AT_ONCE : (number + 1) * AT_ONCE]:
            self._do(source)
        return None

    def state(self) -> object:
        """Return nothing."""
        return None

    def absorb(self, state: object) -> None:
        """Take in nothing."""


def main(way: str, folder: Path, target: Path) -> None:
    """Do all files of *folder*, in as many processes as there are cores."""
    target.mkdir(exist_ok=True)
    sources = sorted(folder.iterdir())
    if way == "seal":
        sealer = prepare(password=PHRASE)
        sealer.seal(0)  # derives the key, before processes share it
        do = lambda one: seal(sealer, one, target / one.name)  # noqa: E731 (there are two)
    else:
        keys = Keys([PHRASE])
        do = lambda one: unseal(keys, one, target / one.name)  # noqa: E731
    pieces_of_work = -(-len(sources) // AT_ONCE)
    processes = min(os.cpu_count() or 1, pieces_of_work)
    in_processes(Files(do, sources), pieces_of_work, processes, begin=lambda _: None)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
