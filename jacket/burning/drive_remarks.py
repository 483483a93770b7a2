"""What a drive tells of a recording that succeeded, as an operator should know it."""

from drivers.mmc.recording_facts import WrittenDisc
from jacket import console


def drive_remarks(written: WrittenDisc | None) -> tuple[str, ...]:
    """Return the remarks on a recording; none where nothing was out of the ordinary."""
    if written is None or not written.recovered:
        return ()
    errors = console.amount(written.recovered, "error")
    return (
        f"the drive recovered from {errors} while it wrote; if that happens often, clean it or "
        "write more slowly",
    )
