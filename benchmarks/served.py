"""A program that is measured without its start: it runs already, and works when it is asked."""

import resource
import sys
from collections.abc import Callable, Sequence

_WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def serve(work: Callable[[Sequence[str]], None]) -> int:
    """Do *work* with the words of each line, between tabs; answer with what it took up to now."""
    for line in sys.stdin:
        work(line.rstrip("\n").split("\t"))
        spent = [resource.getrusage(who) for who in _WHO]
        cpu = sum(usage.ru_utime + usage.ru_stime for usage in spent)
        print(cpu, max(usage.ru_maxrss for usage in spent) // 1024, flush=True)
    return 0
