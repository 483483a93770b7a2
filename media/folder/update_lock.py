"""Keeps a second update away from a medium that is being changed."""


def lock(descriptor: int) -> bool:
    """Lock what is open until it is closed; return False where the system knows no such locks.

    Raises:
        BlockingIOError: another update is at work there.
        OSError: it cannot be locked.
    """
    try:
        import fcntl
    except ImportError:
        return False
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return True
