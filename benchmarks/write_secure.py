"""Seals or opens files as one whole process, for secure.py to measure.

python benchmarks/write_secure.py seal FOLDER TARGET
python benchmarks/write_secure.py open FOLDER TARGET
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from secure import Keys, Sealer, open_secure_file, prepare

PHRASE = "phrase"


def pieces(path: Path) -> Iterator[bytes]:
    """Yield the content of a file."""
    with path.open("rb", buffering=0) as file:
        while piece := file.read(1 << 16):
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


def work(do: Callable[[Path], None], sources: Iterator[Path]) -> None:
    """Do files as long as there are some."""
    for source in sources:
        do(source)


def main(way: str, folder: Path, target: Path) -> None:
    """Do all files of *folder*, two at a time."""
    target.mkdir(exist_ok=True)
    names = sorted(folder.iterdir())
    sources = iter(names)  # of a list: threads may share it
    if way == "seal":
        sealer = prepare(password=PHRASE)
        do = lambda one: seal(sealer, one, target / one.name)  # noqa: E731 (there are two)
    else:
        keys = Keys([PHRASE])
        do = lambda one: unseal(keys, one, target / one.name)  # noqa: E731
    helper = Thread(target=work, args=(do, sources))
    if len(names) > 1:
        helper.start()
    work(do, sources)
    if len(names) > 1:
        helper.join()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
