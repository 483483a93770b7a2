"""Results as plain values, where more than one command gives them."""

from collections.abc import Iterable

from dicomdir.instance import NotIndexed


def plain_left_out(items: Iterable[NotIndexed]) -> list[dict[str, str]]:
    """Return what was left out as the contract of the command line has it."""
    return [{"source": item.source, "reason": item.reason, "kind": item.kind} for item in items]
