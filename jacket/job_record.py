"""What became of a job, kept on this machine: one JSON file for each, true at every moment.

It tells of media, and of patients how many they are, never who. A record whose state is not one of
the last ones and whose process is gone is of a job that was killed: of its medium nothing good may
be assumed.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, Self

from reporting import CannotWrite

State = Literal[
    "begun", "writing", "reading back", "verifying", "good", "bad", "failed", "interrupted",
    "handed over", "not compliant",
]  # fmt: skip
LAST: Final = frozenset(("good", "bad", "failed", "interrupted", "handed over", "not compliant"))
VERSION: Final = 1  # of the keys


def default_folder() -> Path:
    """Return where records lie (XDG Base Directory Specification)."""
    told = os.environ.get("XDG_STATE_HOME", "")
    state = Path(told) if told.startswith("/") else Path.home() / ".local" / "state"
    return state / "filmjacket" / "jobs"


class JobRecord:
    """The record of one job. Every change of it is on the disk when the call returns."""

    def __init__(self, folder: Path, identifier: str, content: Mapping[str, Any]) -> None:
        self.folder, self.identifier = folder, identifier
        self.content: dict[str, Any] = dict(content)
        self.lost = ""  # why the last of it could not be written
        self._can_refuse = True

    @classmethod
    def begin(cls, folder: Path, kind: str, now: datetime, **content: Any) -> Self:
        """Make the record of a new job.

        Args:
            folder: of the records; it is made where it is missing.
            kind: of job, such as "burn".
            now: when the job begins, aware; not the clock that it writes on media.
            content: more that is known already; plain values.

        Raises:
            CannotWrite: it cannot be made there.
        """
        identifier = _reserved(folder, f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{kind}")
        head = {
            "version": VERSION,
            "job": identifier,
            "kind": kind,
            "state": "begun",
            "process": os.getpid(),
            "begun": now.isoformat(),
        }
        record = cls(folder, identifier, head | content)
        record._write()
        return record

    @property
    def path(self) -> Path:
        return self.folder / f"{self.identifier}.json"

    def medium_begun(self) -> None:
        """Say that a medium is begun: what becomes of it counts for more than this record of it."""
        self._can_refuse = False

    def tell(self, **content: Any) -> None:
        """Add *content*, or replace what it replaces.

        Raises:
            CannotWrite: it cannot be written, and no medium is begun; else `lost` says why.
        """
        self.content |= content
        try:
            self._write()
        except CannotWrite as error:
            self.lost = error.what
            if self._can_refuse:
                raise
        else:
            self.lost = ""

    def beside(self, ending: str, text: str) -> Path:
        """Write a file that belongs to the record, such as a map, and return its path.

        Raises:
            CannotWrite: it cannot be written.
        """
        path = self.folder / f"{self.identifier}{ending}"
        write_durably(path, text)
        return path

    def _write(self) -> None:
        text = json.dumps(self.content, indent=2, ensure_ascii=True, default=str)
        write_durably(self.path, text + "\n")


def _reserved(folder: Path, name: str) -> str:
    """Return a name that no other job has, and keep it."""
    make_folder(folder)
    try:
        for number in range(1, 10_000):
            identifier = f"{name}-{number}"
            with suppress(FileExistsError):
                (folder / f"{identifier}.json").touch(mode=0o600, exist_ok=False)
                return identifier
    except OSError as error:
        raise _not_kept(error, folder) from error
    raise CannotWrite("holds too many jobs of one second", str(folder), "Clear it up")


def make_folder(folder: Path) -> None:
    """Make the folder of the records where it is missing.

    Raises:
        CannotWrite: it cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _not_kept(error, folder) from error


def write_durably(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Replace *path* by *text*, as a whole or not at all, whenever the power fails.

    Args:
        path: of the file.
        text: its content.
        mode: its permissions, of which the process's umask may take some away.

    Raises:
        CannotWrite: it cannot be written.
    """
    # Not by way of `media.aside`: that ends the time in which a job can be interrupted.
    aside = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 (a descriptor)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        aside.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise _not_kept(error, path) from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    with suppress(OSError):  # Windows opens no folders.
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _not_kept(error: OSError, where: Path) -> CannotWrite:
    return CannotWrite(
        f"the record of the job cannot be kept ({error.strerror})",
        str(where),
        "Make room there, or name another folder with --jobs-folder",
    )
