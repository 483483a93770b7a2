"""What closes itself at the end of a block."""

from types import TracebackType
from typing import Self


class ClosesItself:
    """A context that calls `close` when it is left, however it is left."""

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
