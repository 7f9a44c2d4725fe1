"""Sessions for consumers: the connection's own (`message.channel_session`) and the browser's (`message.http_session`).

The connection's travels with it (`connection_session`); where the setting CHANNEL_SESSION_ENGINE names one of Django's
session engines it is kept there, under a key made of the reply channel. Both are saved after the consumer, also if it
raised, and only if they were modified.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, overload

from django.conf import settings
from django.contrib.sessions.backends import signed_cookies
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.http import QueryDict, parse_cookie
from django.utils.functional import SimpleLazyObject, empty

from towpath.channels import Message
from towpath.channels.events import headers_of, query_string_of
from towpath.decorating import AnyConsumer, hang, opening
from towpath.layers.errors import ConfigurationError

from .connection import ConnectionSession
from .keys import channel_session_store, is_channel_session_key, session_key_for

logger = logging.getLogger(__name__)

#: The setting that lets `?session_key=` name the browser's session where there is no cookie.
IN_QUERY = "TOWPATH_SESSION_KEY_IN_QUERY"
_SIGNED_COOKIES = "django.contrib.sessions.backends.signed_cookies"


def session_for_reply_channel(reply_channel: str) -> SessionBase:
    """Return the connection's session in CHANNEL_SESSION_ENGINE, for code that has no message of the connection.

    Raises:
        ConfigurationError: the setting is missing (the session travels with the connection), or names an engine that
            keeps sessions in cookies.
    """
    engine = getattr(settings, "CHANNEL_SESSION_ENGINE", None)
    if engine is None:
        raise ConfigurationError(
            "channel sessions travel with their connections and can be read from its messages only; "
            "set CHANNEL_SESSION_ENGINE to one of Django's session engines to read them from elsewhere"
        )
    if engine == _SIGNED_COOKIES:
        raise ConfigurationError(f"CHANNEL_SESSION_ENGINE cannot be {engine!r}: channels have no cookies")
    key = session_key_for(reply_channel)
    session = channel_session_store(engine)(session_key=key)
    session.keys()  # loads it
    session._session_key = key  # engines forget keys that are not in their store
    return session


@contextmanager
def open_channel_session(message: Message) -> Iterator[None]:
    """Set the message's `channel_session`, and save it at the end; inside another one, do nothing.

    Raises:
        ValueError: the message has no reply channel.
    """
    if getattr(message, "channel_session", None) is not None:
        yield
        return
    if message.reply_channel is None:
        raise ValueError(f"a message on {message.channel_name!r} has no reply_channel, so no channel session either")
    if getattr(settings, "CHANNEL_SESSION_ENGINE", None) is None:
        session = ConnectionSession(message)
        hang(message, channel_session=session)
        try:
            yield
        finally:
            if session.modified:
                session.save()
    else:
        name = message.reply_channel.name
        lazy: Any = SimpleLazyObject(lambda: session_for_reply_channel(name))
        hang(message, channel_session=lazy)
        try:
            yield
        finally:
            if lazy._wrapped is not empty and lazy.modified:
                _save_in_engine(lazy, session_key_for(name))


def _save_in_engine(session: Any, key: str) -> None:
    if session.session_key not in (None, key):
        session.delete(session.session_key)  # the row of `cycle_key`: a connection keeps its key
    session._session_key = key
    if not session.keys():
        session.delete(key)
        return
    try:
        session.save()
    except UpdateError:  # there is no row yet
        try:
            session.save(must_create=True)
        except CreateError:  # a consumer of an unordered route was faster
            session.save()
    session.modified = False


@contextmanager
def open_http_session(message: Message) -> Iterator[None]:
    """Set the message's `http_session`, or None, and save it at the end; inside another one, do nothing."""
    if hasattr(message, "http_session"):
        yield
        return
    session = _stored_session(_http_session_key(message))
    hang(message, http_session=session)
    try:
        yield
    finally:
        _save_http_session(message)


@contextmanager
def open_both_sessions(message: Message) -> Iterator[None]:
    """Open both sessions; the HTTP session's key is kept in the channel session for later messages."""
    with open_channel_session(message), open_http_session(message):
        channel_session: SessionBase = message.channel_session
        session: SessionBase | None = message.http_session
        name = settings.SESSION_COOKIE_NAME
        if session is None:
            hang(message, http_session=_stored_session(channel_session.get(name)))
        elif channel_session.get(name) != session.session_key:
            channel_session[name] = session.session_key
        yield


def _http_session_key(message: Message) -> str | None:
    """Return the key in the session cookie; without one, in the query string if the project asks for that."""
    cookies = b"; ".join(value for name, value in headers_of(message.content) if name == b"cookie")
    key = parse_cookie(cookies.decode("utf-8", "replace")).get(settings.SESSION_COOKIE_NAME) if cookies else None
    if not key and getattr(settings, IN_QUERY, False):
        key = QueryDict(query_string_of(message.content)).get("session_key")
    return key


def _stored_session(key: str | None) -> SessionBase | None:
    if not key or is_channel_session_key(key):
        return None
    session: SessionBase = import_module(settings.SESSION_ENGINE).SessionStore(session_key=key)
    return session


def _save_http_session(message: Message) -> None:
    """Save the session to its row. A row that was deleted meanwhile stays deleted: that was a logout."""
    session: SessionBase | None = message.http_session
    if session is None or not session.modified:
        return
    if isinstance(session, signed_cookies.SessionStore):
        logger.warning("changes to an HTTP session were dropped: it is kept in a cookie, which only a response can set")
        return
    try:
        if session.session_key is not None:
            session.save()
        elif session.keys():
            raise UpdateError
    except UpdateError:
        logger.warning("changes to an HTTP session that is not in its store any more were dropped")
    session.modified = False


channel_session = opening("channel_session", open_channel_session)
http_session = opening("http_session", open_http_session)
channel_and_http_session = opening("channel_and_http_session", open_both_sessions)
_in_order = opening("enforce_ordering", open_channel_session)


@overload
def enforce_ordering(func: AnyConsumer, slight: bool = ...) -> AnyConsumer: ...
@overload
def enforce_ordering(func: None = ..., slight: bool = ...) -> Callable[[AnyConsumer], AnyConsumer]: ...
def enforce_ordering(func: Callable[..., Any] | None = None, slight: bool = False) -> Callable[..., Any]:
    """Open the channel session, as it did in 1.x. Events of a connection are in order without it.

    Raises:
        ValueError: `slight` is true; 1.0 took that away.
    """
    if slight:
        raise ValueError("slight ordering was removed in 1.0: events of a connection are always in order")
    return _in_order if func is None else _in_order(func)
