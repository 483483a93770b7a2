"""The process that makes icons: many files to a message, limited, replaceable.

Reads messages from standard input and answers each with one, both marshalled and with their
length before them. A codec that crashes, hangs or eats memory takes this process with it and
nothing else. Started by `profiles.icons`.
"""

import marshal
import os
import sys
from struct import Struct
from typing import IO, Any, Final

from dicomdir.elements import BadEncoding
from profiles.fields import CannotTranscode
from reporting.worker_life import end_with_parent

LENGTH: Final = Struct("<Q")
Answer = tuple[bytes, str]  # cells of the icon, or none and the reason


def send(stream: IO[bytes], message: Any) -> None:
    """Write one message: plain values alone."""
    encoded = marshal.dumps(message)
    stream.write(LENGTH.pack(len(encoded)) + encoded)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Return the next message, None when the stream ends.

    Both ends are this program: marshal is not for strangers.
    """
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    encoded = stream.read(length)
    return marshal.loads(encoded) if len(encoded) == length else None  # noqa: S302 (own pipe)


def main() -> None:
    """Serve messages until standard input ends."""
    end_with_parent()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not be taken for an answer
    import numpy as np

    np.seterr(all="ignore")  # foreign numbers overflow; the result is clipped
    send(answers, "ready")
    while (message := receive(sys.stdin.buffer)) is not None:
        seconds, memory_bytes, orders = message
        _limit(seconds, memory_bytes)
        send(answers, [_answer(order) for order in orders])


def _answer(order: tuple[Any, ...]) -> Answer:
    from profiles.icon_header import NoIcon
    from profiles.icon_source import Order, draw

    try:
        return draw(Order(*order)), ""
    except (NoIcon, CannotTranscode) as problem:
        return b"", str(problem)
    except BadEncoding:
        return b"", "its data set does not parse"
    except MemoryError:
        return b"", "its pixels need more memory than an icon may take"
    except OSError as problem:
        return b"", f"the file cannot be read: {problem.strerror or problem}"
    except Exception as problem:  # numpy and the codecs raise what they like
        return b"", f"its pixels cannot be read ({type(problem).__name__})"


def _limit(seconds: int, memory_bytes: int) -> None:
    """Set what the next message may take; where the system has no limits there are none."""
    try:
        import resource
    except ImportError:  # Windows: the parent's clock alone bounds the work
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime)
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, spent + seconds + 1),
        (resource.RLIMIT_AS, memory_bytes),
    ):
        _, most = resource.getrlimit(kind)
        if most != resource.RLIM_INFINITY:
            value = min(value, most)
        try:
            resource.setrlimit(kind, (value, most))
        except (ValueError, OSError):  # macOS refuses some; the others still hold
            continue


if __name__ == "__main__":
    main()
