"""The point of no return of a job: an interruption comes before it, or not at all.

A job that is interrupted leaves everything as before (exit code 130). Between the renaming that
makes its result visible and its last word that would be a lie, so the room that renames says so
here, and whoever turns signals into interruptions asks here first. A job with several results
goes on after each of them but the last.
"""

_committed = False
_put_off = False  # an interruption came when it was too late for what was being made


def commit() -> None:
    """Say that the result of the job is about to get its name."""
    global _committed
    _committed = True


def take_back() -> None:
    """Say that there is no result after all, or that a new job begins."""
    global _committed, _put_off
    _committed = _put_off = False


def put_off() -> None:
    """Say that an interruption came when the job could no longer be undone."""
    global _put_off
    _put_off = True


def go_on() -> None:
    """Say that a further result is made: what has its name stays, the next can be given up.

    Raises:
        KeyboardInterrupt: an interruption was put off.
    """
    global _committed, _put_off
    _committed = False  # first, as one may come between any two steps
    if _put_off:
        _put_off = False
        raise KeyboardInterrupt


def is_committed() -> bool:
    """Return whether the job can no longer be undone."""
    return _committed
