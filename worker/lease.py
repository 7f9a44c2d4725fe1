"""A worker's own record of its lease: without a lease, other processes count its messages as lost.

The clock continues while the process is stopped and while the machine is suspended.
"""

import time
from collections.abc import Callable
from functools import partial

#: Linux's clock that counts suspended time too; elsewhere the monotonic clock.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
#: Returns the seconds since the machine started. It is called for each message.
boot_seconds: Callable[[], float] = partial(time.clock_gettime, _CLOCK)


class WorkerLease:
    """Written by the thread that renews leases, read by the worker's own; each attribute is replaced at once.

    `term` changes whenever the lease may have expired: messages of an earlier term may have been counted as lost.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = boot_seconds) -> None:
        """`seconds` is the duration of a renewal, from its request."""
        self._seconds = seconds
        self._clock = clock
        self._expires_at: float | None = None
        self.term = 0
        #: The store has refused to renew it, and will refuse it from now on.
        self.is_refused = False

    @property
    def is_held(self) -> bool:
        """Return whether the lease has not expired."""
        expires_at = self._expires_at
        return expires_at is not None and self._clock() < expires_at

    def renewed(self, asked_at: float) -> None:
        """Note that a renewal requested at `asked_at`, by the same clock, was answered."""
        if self._expires_at is None or asked_at >= self._expires_at:
            self.term += 1
        self._expires_at = asked_at + self._seconds

    def refused(self) -> None:
        """Note that the store reports the lease as expired."""
        self._expires_at = None
        self.is_refused = True
