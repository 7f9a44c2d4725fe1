"""The stop request of the worker that runs the current consumer.

Work without an end, such as a streamed response, checks it from time to time. Outside of workers it is never set.
"""

from contextvars import ContextVar
from threading import Event

#: Set when the worker of this context is to stop; None outside of workers.
worker_stopping: "ContextVar[Event | None]" = ContextVar("towpath_worker_stopping", default=None)


def is_worker_stopping() -> bool:
    """Return whether the worker that runs this consumer has been asked to stop."""
    event = worker_stopping.get()
    return event is not None and event.is_set()
