"""What is written down and told of a job that an error has ended."""

from collections.abc import Sequence
from typing import Any, NoReturn

from jacket.burning.again import Order, say_rest
from jacket.burning.fate import interrupted_words, mistake, without_sources
from jacket.burning.result import SIMULATED, BurnInterrupted, DiscResult, state_of
from jacket.burning.sheet import Sheet
from jacket.burning.target import Target
from jacket.job_record import JobRecord
from reporting import FilmjacketError, Interrupted


def end(
    error: BaseException, target: Target, record: JobRecord, order: Order, sheet: Sheet
) -> NoReturn:
    """Write down the truth about what was begun, and raise what the operator is told.

    Args:
        error: that has ended the job.
        target: with what was begun.
        record: of the job.
        order: what was asked for.
        sheet: with the password of the media.
    """
    record.medium_begun()  # The job is over: that this cannot be written hides nothing else.
    results = target.results
    told = _told(error, results, target.name)
    missing = order.missing(results)
    again = list(order.commands(missing))
    record.tell(
        state="interrupted" if _is_interruption(error) else state_of(results),
        error="interrupted" if _is_interruption(error) else _for_record(error, target.name),
        discs=[disc.plain() for disc in results],
        missing=[item.plain() for item in missing],
        again=again,
    )
    note_lost(results, record)
    if not isinstance(told, FilmjacketError):
        sheet.settle(results)
        raise error
    simulated = bool(record.content["simulated"])
    more = [say_rest(results, order), sheet.settle(results), SIMULATED if simulated else ""]
    more += [_record_words(record)] if results else []
    told.remedy = ". ".join(filter(None, (told.remedy, *more)))
    details: dict[str, Any] = {
        "discs": [disc.plain() for disc in results],
        "missing_discs": [item.plain() for item in missing],
        "again": again,
        "simulated": simulated,
        "record": str(record.path),
    }
    if (password := sheet.password_of(results)) is not None:
        details["password"] = password
    told.details = told.details | details
    if told is error:
        raise error
    raise told from error


def note_lost(results: Sequence[DiscResult], record: JobRecord) -> None:
    """Remark on the medium made last that the record of its job is not what it should be."""
    if record.lost and results:
        results[-1].remarks += (_record_words(record),)


def _is_interruption(error: BaseException) -> bool:
    return isinstance(error, KeyboardInterrupt | Interrupted)


def _for_record(error: BaseException, name: str) -> str:
    if isinstance(error, FilmjacketError):
        return without_sources(error, name)
    return type(error).__name__


def _told(error: BaseException, results: Sequence[DiscResult], name: str) -> BaseException:
    """Return what to raise; a `FilmjacketError` wherever the operator can be told something."""
    if _is_interruption(error):
        told = BurnInterrupted(*_interrupted(results, name))
        told.details = error.details if isinstance(error, FilmjacketError) else {}
        return told
    if isinstance(error, Exception) and not isinstance(error, FilmjacketError) and results:
        return mistake(error, results[-1], name)
    return error


def _interrupted(results: Sequence[DiscResult], name: str) -> tuple[str, str, str]:
    what, remedy = interrupted_words(results[-1] if results else None)
    return what, name, remedy


def _record_words(record: JobRecord) -> str:
    if record.lost:
        return f"{record.lost}: what stands in {record.path} is not up to date"
    return f"Record of the job: {record.path}"
