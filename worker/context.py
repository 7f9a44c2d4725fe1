"""One context for each message: state that its consumer leaves in its thread does not reach the next one.

Django keeps the active time zone, the active language, the URLconf of the request and the script prefix per context;
Python its decimal context, and libraries their ContextVars and asgiref Locals. Each message is handled in a copy of the
thread's context, which is dropped with all changes. State that must outlive a message is put into the thread's own
context first: Django's cache objects, which hold connections.

Not covered: `threading.local` of libraries, and state of the process (locale, environment).
"""

import logging
from collections.abc import Callable
from contextvars import copy_context
from threading import local
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.core.cache import caches
from django.urls import set_script_prefix

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


class _Thread(local):
    """Whether the state that outlives messages is in this thread's own context."""

    is_prepared = False


_thread = _Thread()


def in_own_context(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return the result of a call that is made in a copy of this thread's context."""
    if not _thread.is_prepared:
        _thread.is_prepared = True
        _prepare()
    return copy_context().run(call, *args, **kwargs)


def _prepare() -> None:
    if settings.FORCE_SCRIPT_NAME is not None:  # as `django.setup` does, for the thread that calls it
        set_script_prefix(settings.FORCE_SCRIPT_NAME)
    for alias in settings.CACHES:
        try:
            _ = caches[alias]
        except Exception as error:  # raised again where a consumer uses the cache
            logger.debug("The cache %r is not usable: %s", alias, error)
