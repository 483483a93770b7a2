"""What kind of file system a file lies in: what is safe or quick there depends on it."""

import os
from pathlib import Path


def kind_of_file_system(device: int) -> str:
    """Return the kind, such as "ext4", of the file system with the number *device* (st_dev).

    "" where that is not known: on other systems than Linux, and for some that have no number of
    their own in the table of what is mounted (proc(5), mountinfo).
    """
    try:
        mounts = Path("/proc/self/mountinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in mounts:
        before, _, after = line.partition(" - ")
        if before.split(" ")[2:3] == [number]:
            return after.split(" ")[0]
    return ""
