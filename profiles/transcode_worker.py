"""The process that touches foreign pixel data: limited, replaceable, one file at a time.

Reads one JSON object a line from standard input and answers with one a line: ``{"size",
"offset", "changed", "pixel_data"}`` or ``{"reason"}``, and ``"no_space"`` where the disk is full.
A codec that crashes, hangs or eats memory takes this process with it and nothing else.
Started by `profiles.transcode`.
"""

import json
import os
import sys
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import IO, Any, Final

from profiles.conversion import Request, convert
from profiles.fields import CannotTranscode
from reporting.worker_life import end_with_parent

_NO_SPACE: Final = (ENOSPC, EDQUOT)


def main() -> None:
    """Serve requests until standard input ends."""
    end_with_parent()
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what a library prints must not be taken for an answer
    _say(answers, {"ready": True})
    for line in sys.stdin:
        words: dict[str, Any] = json.loads(line)
        request = _request(words["request"])
        _limit(words["limits"], _size_of(request.source))
        _say(answers, _answer(request))


def _request(words: dict[str, Any]) -> Request:
    added = tuple((int(tag), bytes.fromhex(vr)) for tag, vr in words.pop("added"))
    return Request(**words, added=added)


def _size_of(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


def _say(answers: IO[str], words: dict[str, Any]) -> None:
    answers.write(json.dumps(words) + "\n")
    answers.flush()


def _answer(request: Request) -> dict[str, Any]:
    try:
        made = convert(request)
    except CannotTranscode as problem:
        return {"reason": str(problem)}
    except MemoryError:
        return {"reason": "the conversion needs more memory than it may take"}
    except RecursionError:
        return {"reason": "sequences are nested too deeply"}
    except OSError as problem:
        why = problem.strerror or problem
        return {
            "reason": f"the file cannot be read or written: {why}",
            "no_space": problem.errno in _NO_SPACE,
        }
    except Exception as problem:  # pydicom raises what it likes
        return {"reason": f"the conversion failed ({type(problem).__name__})"}
    # JSON knows no bytes: elements by their tag, in hexadecimal digits.
    changed = {str(tag): element.hex() for tag, element in made.changed.items()}
    return {**made._asdict(), "changed": changed}


def _limit(limits: dict[str, int], source_size: int) -> None:
    """Set what the next conversion may take; where the system has no limits there are none."""
    try:
        import resource
    except ImportError:  # Windows: the parent's clock alone bounds a conversion
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + limits["seconds"] + 1
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, limits["output_bytes"]),
        # The source is mapped, and is then read once more by the check.
        (resource.RLIMIT_AS, limits["memory_bytes"] + source_size),
    ):
        _lower(resource, kind, value)


def _lower(resource: Any, kind: int, value: int) -> None:
    _, most = resource.getrlimit(kind)
    if most != resource.RLIM_INFINITY:
        value = min(value, most)
    try:
        resource.setrlimit(kind, (value, most))
    except (ValueError, OSError):  # macOS refuses some; the others still hold
        return


if __name__ == "__main__":
    main()
