"""Shorter times for everything that waits, so that what takes a minute in production takes a second in a test.

All times shrink by about the same factor, so that which of two timers passes first does not change.
"""

import importlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

from towpath.layers.lives import LifeTimes

#: What production does in ten seconds takes one.
FACTOR = 0.1
#: Constants in seconds, by module.
CONSTANTS = {
    "towpath.interface.conversation": ("KEPT_SECONDS",),
    "towpath.interface.doubts": ("DOUBT_SECONDS",),
    "towpath.interface.hub": ("TURN_MARGIN_SECONDS",),
    "towpath.interface.server": ("RENEW_SECONDS", "LEAST_PAUSE_SECONDS", "MOST_PAUSE_SECONDS"),
    "towpath.layers.exchange": ("INSIST_SECONDS",),
    "towpath.layers.farewells": ("LOOK_AGAIN_SECONDS", "REVISIT_SECONDS"),
    "towpath.layers.redis.client": ("MARGIN_SECONDS",),
    "towpath.layers.redis.edge": ("WAIT_SECONDS",),
    "towpath.worker.heartbeat": ("BEAT_SECONDS", "KEEP_SECONDS"),
    "towpath.worker.outage": ("FIRST_PAUSE_SECONDS", "LONGEST_PAUSE_SECONDS"),
}
LIFE_TIMES = LifeTimes(reader_lease=0.8, inbox_lease=2.0, silence=0.5, grace=2.5, claim=1.0)
#: How long Redis has for an answer, in seconds.
TIMEOUT_SECONDS = 1.5


@contextmanager
def hurried(factor: float = FACTOR) -> Iterator[None]:
    """Let all times be shorter in this process."""
    with ExitStack() as stack:
        for module, names in CONSTANTS.items():
            for name in names:
                value = getattr(importlib.import_module(module), name)
                stack.enter_context(patch(f"{module}.{name}", value * factor))
        yield
