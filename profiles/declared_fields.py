"""One table of a declaration file, read strictly: every key is asked for, or it is an error."""

from typing import Final, cast

from reporting import WrongUsage

_HOW: Final = "docs/reference/profiles.md lists the keys"
_KINDS: Final[dict[type, str]] = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
    float: "a number",
}


class Fields:
    """The keys of one table, and where it stands in its file."""

    def __init__(self, table: dict[str, object], where: str) -> None:
        """Take a table; *where* names the file, and the table in it."""
        self._table = table
        self._where = where
        self._asked: dict[str, None] = {}  # in order, for the message

    def named(self, identifier: str) -> "Fields":
        """Return the same fields, placed by the profile's identifier."""
        fields = Fields(self._table, f"{self._where.rpartition(': profile ')[0]}: {identifier}")
        fields._asked = self._asked
        return fields

    def wrong(self, key: str, what: str, remedy: str) -> WrongUsage:
        """Return the error that the value of *key* is wrong."""
        return WrongUsage(what, f"{self._where}: {key}", remedy)

    def __contains__(self, key: str) -> bool:
        self._asked[key] = None
        return key in self._table

    def finish(self) -> None:
        """Raise WrongUsage when the table has a key that nobody asked for."""
        for key in self._table:
            if key not in self._asked:
                raise self.wrong(
                    ascii(key)[1:-1][:64],
                    "there is no such key here",
                    f"Keys: {', '.join(self._asked)}",
                )

    def text(self, key: str, *, required: bool = False, default: str = "") -> str:
        """Return a text without control characters."""
        value = self._value(key, str, required)
        if value is None:
            return default
        value = cast(str, value)  # _value made sure
        if not value.strip() or not value.isprintable():
            raise self.wrong(key, "empty, or not printable", "Write a plain text in one line")
        return value

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """Return a list of texts, none of them twice."""
        values = self._items(key, required)
        for value in values:
            if not isinstance(value, str) or not value.strip() or not value.isprintable():
                raise self.wrong(key, f"{_shown(value)} is no plain text", "Write a list of texts")
        return tuple(dict.fromkeys(map(str, values)))

    def number(self, key: str, *, low: int, high: int) -> int:
        """Return a whole number from *low* to *high*."""
        value = cast(int, self._value(key, int, True))  # _value made sure
        if not low <= value <= high:
            raise self.wrong(key, f"{value} is out of range", f"Write {low} to {high}")
        return value

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return true or false."""
        value = self._value(key, bool, False)
        return default if value is None else bool(value)

    def choice(self, key: str, choices: dict[str, str], *, default: str | None = None) -> str:
        """Return what the word stands for among *choices*; required without a *default*."""
        word = self.text(key, required=default is None, default=default or "")
        if word not in choices:
            raise self.wrong(key, f"{_shown(word)} is none of its words", _one_of(choices))
        return choices[word]

    def plain_values(self, key: str) -> tuple[str | int, ...]:
        """Return a list of texts or whole numbers, with one at least."""
        values = self._items(key, True)
        for value in values:
            if isinstance(value, bool) or not isinstance(value, str | int):
                raise self.wrong(key, f"{_shown(value)} is no value", "Write texts or numbers")
        return tuple(value for value in values if isinstance(value, str | int))

    def table(self, key: str) -> "Fields | None":
        """Return a table within this one; None when there is none."""
        value = self._value(key, dict, False)
        return Fields(value, f"{self._where}: {key}") if isinstance(value, dict) else None

    def tables(self, key: str) -> tuple["Fields", ...]:
        """Return the tables of a list of tables (``[[…]]``)."""
        if isinstance(self._table.get(key), dict):
            what = f"one table, where a list of tables belongs: [{key}]"
            raise self.wrong(key, what, f"Write [[{key}]] with two brackets")
        values = self._items(key, False)
        fields = []
        for number, value in enumerate(values, 1):
            if not isinstance(value, dict):
                raise self.wrong(key, "not a list of tables", f"Begin each with [[…{key}]]")
            fields.append(Fields(value, f"{self._where}: {key} {number}"))
        return tuple(fields)

    def _items(self, key: str, required: bool) -> list[object]:
        value = self._value(key, list, required)
        items = value if isinstance(value, list) else []
        if required and not items:
            raise self.wrong(key, "the list is empty", "Write one at least")
        return items

    def _value(self, key: str, kind: type, required: bool) -> object:
        self._asked[key] = None
        value = self._table.get(key)
        if value is None:
            if required:
                raise self.wrong(key, "this key is missing", _HOW)
            return None
        # A bool is an int to Python, and not to people.
        if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
            found = _KINDS.get(type(value), "a date or time")
            raise self.wrong(key, f"{found}, where {_KINDS[kind]} belongs", _HOW)
        return value


def _shown(value: object) -> str:
    return repr(value)[:80]


def _one_of(choices: dict[str, str]) -> str:
    return f"Write one of: {', '.join(choices)}"
