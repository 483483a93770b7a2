"""The facts of one instance, decoded: hostile ones read as absent, never as an error."""

from typing import Final

from dicomdir.elements import BadEncoding, iterate_elements, text

_LONGEST: Final = 64  # characters of a code or number that are looked at: CS has 16, IS has 12


class FactValues:
    """Values by tag of what `Instance.facts` holds."""

    def __init__(self, facts: bytes) -> None:
        """Decode as far as the elements are well formed."""
        self._raw: dict[int, bytes] = {}
        try:
            for tag, _, _, value, after in iterate_elements(facts):
                self._raw[tag] = facts[value:after]
        except BadEncoding:
            pass  # what comes behind counts as absent

    def __contains__(self, tag: int) -> bool:
        return tag in self._raw

    def raw(self, tag: int) -> bytes:
        """Return the bytes of a value; none when the attribute is absent."""
        return self._raw.get(tag, b"")

    def text(self, tag: int) -> str:
        """Return a code unpadded; "" when absent; nothing in it that a terminal obeys."""
        value = text(self.raw(tag)[:_LONGEST])
        return value if value.isprintable() else ascii(value)[1:-1]

    def numbers(self, tag: int, vr: bytes) -> tuple[int, ...]:
        """Return the values of a US, or of an IS without signs; none when absent or malformed."""
        raw = self.raw(tag)
        if vr == b"US":
            if len(raw) % 2 or len(raw) > _LONGEST:
                return ()
            return tuple(raw[i] | raw[i + 1] << 8 for i in range(0, len(raw), 2))
        parts = [part.strip() for part in text(raw).split("\\")] if len(raw) <= _LONGEST else [""]
        if not all(part.isdigit() for part in parts):
            return ()
        return tuple(map(int, parts))

    def number(self, tag: int) -> int | None:
        """Return the only value of a US; None when there is not exactly one."""
        numbers = self.numbers(tag, b"US")
        return numbers[0] if len(numbers) == 1 else None

    def values(self, tag: int, vr: bytes) -> tuple[str | int, ...]:
        """Return numbers of a US, else the one code there is."""
        if vr == b"US":
            return self.numbers(tag, vr)
        code = self.text(tag)
        return (code,) if code else ()

    def has_one_of(self, tag: int, vr: bytes, wanted: tuple[str | int, ...]) -> bool:
        """Tell whether the attribute has one value, and that is among *wanted*."""
        values = self.values(tag, vr)
        return len(values) == 1 and values[0] in wanted

    def shown(self, tag: int, vr: bytes) -> str:
        """Return a value as a message says it: "is 16", "is not there"."""
        if tag not in self._raw:
            return "is not there"
        values = self.values(tag, vr)
        if not values:
            return "has no value" if not self.raw(tag).strip(b" \0") else "is malformed"
        return "is " + "\\".join(map(str, values))
