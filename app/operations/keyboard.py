"""Keys of the terminal, read one by one while a screen is shown."""

import select
import sys
import termios
import tty
from types import TracebackType
from typing import Any, TextIO


class Keyboard:
    """A context in which keys come without Enter, and are not echoed; Ctrl-C still interrupts."""

    def __init__(self, stream: TextIO = sys.stdin) -> None:
        self._stream = stream
        self._before: list[Any] | None = None

    def __enter__(self) -> "Keyboard":
        if self._stream.isatty():
            self._before = termios.tcgetattr(self._stream)
            tty.setcbreak(self._stream)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._before is not None:
            termios.tcsetattr(self._stream, termios.TCSADRAIN, self._before)

    def is_quit(self, seconds: float) -> bool:
        """Wait up to `seconds`; return whether `q` was pressed, or the input has ended."""
        ready, _, _ = select.select([self._stream], [], [], seconds)
        return bool(ready) and self._stream.read(1) in ("q", "Q", "")
