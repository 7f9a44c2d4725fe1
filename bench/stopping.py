"""A measurement that gets a signal ends everything that it has started, also when it runs in the background."""

import signal
import sys
from types import FrameType

#: The exit code of a command that SIGTERM ended, as shells have it.
EXIT_TERMINATED = 128 + signal.SIGTERM


def stop_in_order() -> None:
    """Let SIGTERM and SIGINT (which a shell lets its background jobs ignore) unwind what is under way."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _terminated)


def _terminated(number: int, frame: FrameType | None) -> None:
    sys.exit(EXIT_TERMINATED)
