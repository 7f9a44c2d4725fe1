"""Shorter times for everything that waits: a minute of production takes a few seconds in a test.

All times shrink by about the same factor, so that which of two timers passes first does not change.
"""

import importlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

#: Ten seconds of production take one.
FACTOR = 0.1
#: Constants in seconds, by module.
CONSTANTS = {
    "towpath.interface.conversation": ("LOOK_SECONDS", "UNANSWERED_SECONDS"),
    "towpath.interface.hub": ("TURN_MARGIN_SECONDS",),
    "towpath.interface.server": ("RENEW_SECONDS", "LEAST_PAUSE_SECONDS", "MOST_PAUSE_SECONDS"),
    "towpath.layers.exchange": ("INSIST_SECONDS",),
    "towpath.layers.wills": ("CLAIM_AGAIN_SECONDS",),
    "towpath.layers.redis.edge": ("WAIT_SECONDS",),
    "towpath.layers.redis.layer": ("OUT_TIMEOUT_SECONDS", "INTO_TIMEOUT_SECONDS"),
    "towpath.layers.redis.reader": ("READER_TIMEOUT_SECONDS",),
    "towpath.worker.heartbeat": ("BEAT_SECONDS", "KEEP_SECONDS"),
    "towpath.layers.backoff": ("FIRST_PAUSE_SECONDS", "LONGEST_PAUSE_SECONDS"),
}
#: A lease is waited for longer than a tenth of the time, so that a loaded machine is not taken for a silent Redis.
LEASE_TIMEOUT_SECONDS = 0.5
#: How long Redis has for an answer, in seconds; a wait is a second shorter than that.
TIMEOUT_SECONDS = 1.5


@contextmanager
def hurried(factor: float = FACTOR) -> Iterator[None]:
    """Let all times be shorter in this process."""
    with ExitStack() as stack:
        for module, names in CONSTANTS.items():
            for name in names:
                value = getattr(importlib.import_module(module), name)
                stack.enter_context(patch(f"{module}.{name}", value * factor))
        stack.enter_context(patch("towpath.layers.redis.layer.LEASE_TIMEOUT_SECONDS", LEASE_TIMEOUT_SECONDS))
        yield
