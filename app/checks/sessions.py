"""System checks of the engine that keeps channel sessions, where they do not travel with their connections."""

from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.sessions.backends import cache, signed_cookies
from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from towpath.settings import find_problems

_HINT = (
    "Leave CHANNEL_SESSION_ENGINE out: sessions then travel with their connections. To read them from elsewhere, use "
    '"django.contrib.sessions.backends.cached_db" or another engine whose store all processes share.'
)


def check_session_engine(**_: Any) -> list[CheckMessage]:
    """Find an unsuitable engine (E004), and a cache of one process only (W006)."""
    engine = getattr(settings, "CHANNEL_SESSION_ENGINE", None)
    if engine is None or any(True for _ in find_problems()):
        return []
    where = f"CHANNEL_SESSION_ENGINE, {engine!r},"
    try:
        session = import_module(engine).SessionStore()
        reason = _reason_against(session)
    except Exception as error:  # any error of an engine is reported here, and not by each consumer
        return [Error(f"{where} cannot serve: {type(error).__name__}: {error}", hint=_HINT, id="towpath.E004")]
    if reason is not None:
        return [Error(f"{where} cannot serve: {reason}.", hint=_HINT, id="towpath.E004")]
    # The cache may be one of each process.
    store = caches[settings.SESSION_CACHE_ALIAS] if isinstance(session, cache.SessionStore) else None
    if isinstance(store, DummyCache) or (isinstance(store, LocMemCache) and not settings.DEBUG):
        text = f"{where} keeps sessions in a cache that no other process reads."
        return [CheckWarning(text, hint=_HINT, id="towpath.W006")]
    return []


def _reason_against(session: SessionBase) -> str | None:
    if isinstance(session, signed_cookies.SessionStore):
        return "it keeps sessions in cookies, and channels have none"
    model = getattr(session, "model", None)
    if model is not None and apps.get_containing_app_config(model.__module__) is None:
        return f"its table is that of {model.__module__}, which is not in INSTALLED_APPS"
    return None
