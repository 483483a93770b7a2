"""The point of no return of a job: an interruption comes before it, or not at all.

A job that is interrupted leaves everything as before (exit code 130). Between the renaming that
makes its result visible and its last word that would be a lie, so the room that renames says so
here, and whoever turns signals into interruptions asks here first.
"""

_committed = False


def commit() -> None:
    """Say that the result of the job is about to get its name."""
    global _committed
    _committed = True


def take_back() -> None:
    """Say that there is no result after all, or that a new job begins."""
    global _committed
    _committed = False


def is_committed() -> bool:
    """Return whether the job can no longer be undone."""
    return _committed
