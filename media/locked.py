"""What is encrypted with a password that was not given, or is another."""

from reporting import CannotRead


class Locked(CannotRead):
    """It is encrypted with a password that nobody gave, or in a way that is not read here."""


class WrongPassword(CannotRead):
    """It is encrypted with another password than the one that was given."""
