"""Plain names of files, which lead nowhere else whatever is recorded."""

from media.iso9660.names import stripped
from media.iso9660.volume import RecordedFile, Volume
from media.safe_names import safe_component
from media.source import Name


def name_of(volume: Volume, file: RecordedFile) -> Name:
    """Return the plain name of a file."""
    folder = volume.directories[file.directory].name
    name = (*folder, stripped(file.identifier.decode("latin-1")))
    return tuple(map(safe_component, name))
