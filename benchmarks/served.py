"""How the programs that are measured run: as the command ends, or without start and end."""

import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn


def leave() -> NoReturn:
    """End as `jacket` does when all is done: nothing is taken apart object by object."""
    sys.stdout.flush()
    os._exit(0)


def serve(work: Callable[[Sequence[str]], None]) -> int:
    """Do *work* with the words of each line, between tabs; answer with what it took up to now."""
    import resource

    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    for line in sys.stdin:
        work(line.rstrip("\n").split("\t"))
        spent = [resource.getrusage(one) for one in who]
        cpu = sum(usage.ru_utime + usage.ru_stime for usage in spent)
        print(cpu, max(usage.ru_maxrss for usage in spent) // 1024, flush=True)
    return 0
