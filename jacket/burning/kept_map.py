"""The map of a medium's bad blocks, kept beside the record of its job."""

from jacket.burning.digests import BLOCK
from jacket.burning.rescue_map import RescueMap
from jacket.burning.result import DiscResult
from jacket.job_record import JobRecord
from reporting import FilmjacketError


def keep_map(found: RescueMap, result: DiscResult, record: JobRecord) -> None:
    """Write the map and note in *result* where it is; without one the medium is no less bad."""
    ending = f"-volume{result.volume}-copy{result.copy}.map"
    try:
        result.map_file = str(record.beside(ending, found.text(BLOCK)))
    except FilmjacketError as error:
        result.remarks += (f"the map of its bad blocks could not be kept: {error.what}",)
