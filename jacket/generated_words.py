"""What the directory builder had to make up, in an operator's words."""

from collections import Counter
from collections.abc import Iterable

from dicomdir.elements import name_of
from dicomdir.generated_keys import GeneratedKey


def told(generated: Iterable[GeneratedKey]) -> tuple[str, ...]:
    """Return a sentence for each kind of key that was generated; alike ones together."""
    alike = Counter((key.record_type, key.tag, key.why) for key in generated)
    return tuple(
        f"{name_of(tag)} generated in {number:,} {record_type} record{'s' * (number > 1)}: {why}"
        for (record_type, tag, why), number in alike.items()
    )
