"""What simulated devices are to those who send them commands."""

from abc import ABC, abstractmethod
from typing import Final

from drivers.simulator.state import Call
from drivers.transport import Answer

_LARGEST: Final = 128 << 10  # bytes of one command, as sg gives it


class InMemory(ABC):
    """A Transport (`drivers.transport`) that ends in the memory of this process."""

    @property
    def largest(self) -> int:
        return _LARGEST

    def close(self) -> None:  # noqa: B027 (there is nothing to let go of, for none of them)
        """Nothing is held open."""

    def execute(
        self,
        cdb: bytes,
        *,
        data_out: bytes | memoryview = b"",
        length: int = 0,
        timeout: float = 30.0,
    ) -> Answer:
        """Carry out one command; see `drivers.transport.Transport`."""
        return self._carry_out(Call(bytes(cdb), data_out, length), timeout)

    @abstractmethod
    def _carry_out(self, call: Call, timeout: float) -> Answer:
        """Carry out *call*, for which the host waits *timeout* seconds at most."""
