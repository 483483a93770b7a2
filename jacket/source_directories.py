"""What sources lack by their own account: half a copy of a disc is not taken for all of it.

A DICOMDIR among the sources names the files of its medium. Those that are not there cannot come
onto the new one, and nobody would miss them before the patient does.
"""

import os
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Final

from dicomdir.check_reference import Parents, references
from dicomdir.file_ids import shown
from dicomdir.instance import NotIndexed
from dicomdir.read import LARGEST, read_directory
from dicomdir.scan import Scanned
from jacket.authored import Selection
from jacket.referenced import referenced_file
from profiles.selection import is_selected
from reporting import CannotRead

_WHY: Final = "the DICOMDIR there names it, and there is no such file: the copy is not complete"


def missing_sources(scanned: Scanned, wanted: Selection) -> list[NotIndexed]:
    """Return what directories among the sources name, and what no source holds.

    Args:
        scanned: all that the sources hold. What lies under another name is not missed: it is
            known by its SOP Instance UID.
        wanted: only what it lets through is missed.
    """
    places = [item.source for item in scanned.not_indexed if item.kind == "directory"]
    if not places:
        return []
    held = {instance.sop_instance_uid for instance in scanned.instances}
    return [
        NotIndexed(source, _WHY, "missing")
        for place in dict.fromkeys(places)
        if os.path.basename(place).upper() == "DICOMDIR"  # noqa: PTH119 (a name alone)
        for source in _missing(Path(place), held, wanted)
    ]


def _missing(directory: Path, held: Container[str], wanted: Selection) -> Iterator[str]:
    try:
        if directory.stat().st_size > LARGEST:
            return
        named = references(read_directory(directory.read_bytes()).directory)
    except (CannotRead, OSError):
        return  # What it is worth is for `verify` to say.
    folder = directory.parent
    gone = {
        record.file_id: None
        for record, above in named
        if record.sop_instance_uid not in held
        and not folder.joinpath(*record.file_id).is_file()
        and _is_wanted(above, wanted)
    }
    if not gone:
        return
    from media.folder.read import FolderMedium

    with FolderMedium(folder) as medium:  # It finds names that are spelt in another way.
        for name in gone:
            if referenced_file(medium, name) is None:
                yield str(folder / shown(name))


def _is_wanted(above: Parents, wanted: Selection) -> bool:
    patient, study, series = (b"" if record is None else record.keys for record in above)
    return is_selected(
        (patient, study, series),
        wanted.patients,
        wanted.studies,
        wanted.series,
        wanted.accessions,
    )
