"""The logged-in user on messages: `message.user`, loaded at its first use.

A WebSocket logs in by the cookie of its handshake, with one decorator on the consumer of `websocket.connect`
(`channel_session_user_from_http`) and `channel_session_user` on the others.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.contrib import auth
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from towpath.channels import Message
from towpath.decorating import hang, opening
from towpath.layers.errors import ConfigurationError
from towpath.sessions.decorators import open_both_sessions, open_channel_session, open_http_session

if TYPE_CHECKING:  # models cannot be imported before Django is set up
    from django.contrib.auth.base_user import AbstractBaseUser

_AUTH_KEYS = (auth.SESSION_KEY, auth.BACKEND_SESSION_KEY, auth.HASH_SESSION_KEY)
#: When a login by token ends, in seconds since 1970.
_EXPIRES_KEY = "_auth_user_expires_at"


def transfer_user(from_session: SessionBase, to_session: SessionBase) -> None:
    """Log the user of one session in to the other; do nothing if the first has none."""
    if all(key in from_session for key in _AUTH_KEYS):
        for key in _AUTH_KEYS:
            to_session[key] = from_session[key]
        _set_expiry(to_session, from_session.get(_EXPIRES_KEY))


def log_in(session: SessionBase, user: "AbstractBaseUser", expires_at: datetime | float | None = None) -> None:
    """Log a user in to a session; `expires_at` as an aware datetime or in seconds since 1970, None: for good.

    Raises:
        ConfigurationError: it is unclear which of AUTHENTICATION_BACKENDS loads the user later.
    """
    backends = settings.AUTHENTICATION_BACKENDS
    backend = getattr(user, "backend", None) or (backends[0] if len(backends) == 1 else None)
    if backend is None:
        raise ConfigurationError(
            f"there are {len(backends)} AUTHENTICATION_BACKENDS: set user.backend to the dotted path of the one that "
            "loads this user"
        )
    session[auth.SESSION_KEY] = user._meta.pk.value_to_string(user)
    session[auth.BACKEND_SESSION_KEY] = backend
    session[auth.HASH_SESSION_KEY] = user.get_session_auth_hash()
    _set_expiry(session, expires_at.timestamp() if isinstance(expires_at, datetime) else expires_at)


def _set_expiry(session: SessionBase, seconds: float | None) -> None:
    if seconds is None:
        session.pop(_EXPIRES_KEY, None)
    else:
        session[_EXPIRES_KEY] = seconds


class _SessionWithoutKey:
    """A session that `django.contrib.auth.get_user` can change, but for its key: no cookie could reach the browser."""

    def __init__(self, session: SessionBase) -> None:
        self._session = session

    def __getitem__(self, key: str) -> Any:
        return self._session[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._session[key] = value

    def get(self, key: str, default: Any = None) -> Any:
        return self._session.get(key, default)

    def cycle_key(self) -> None:
        """Keep the key: the session hash was made with an older secret, which is renewed in place."""

    def flush(self) -> None:
        """Log out: the session hash is wrong, as after a change of the password, or time is up. Other values stay."""
        for key in (*_AUTH_KEYS, _EXPIRES_KEY):
            self._session.pop(key, None)


def _load_user(session: SessionBase | None) -> Any:
    if session is None:
        from django.contrib.auth.models import AnonymousUser  # models cannot be imported before Django is set up

        return AnonymousUser()
    wrapped = _SessionWithoutKey(session)
    expires_at = wrapped.get(_EXPIRES_KEY)
    if expires_at is not None and time.time() >= expires_at:
        wrapped.flush()
    return auth.get_user(cast(HttpRequest, SimpleNamespace(session=wrapped)))


def hang_user(message: Message, session_name: str, anew: bool = False) -> None:
    """Set the message's `user`, which is loaded from its session of this name at the first use.

    One from the same session stays, loaded or not, unless a user may have logged in (`anew`). One from the other
    session is replaced, as in 1.x: the innermost of several decorators decides.
    """
    before = vars(message).get("_user_session")
    if anew or "user" not in vars(message) or before not in (None, session_name):
        user = SimpleLazyObject(lambda: _load_user(getattr(message, session_name)))
        hang(message, user=user, _user_session=session_name)


def _transfer_from_http(message: Message) -> None:
    if message.http_session is not None:
        transfer_user(message.http_session, message.channel_session)


@contextmanager
def _channel_user(message: Message) -> Iterator[None]:
    with open_channel_session(message):
        hang_user(message, "channel_session")
        yield


@contextmanager
def _http_user(message: Message) -> Iterator[None]:
    with open_http_session(message):
        hang_user(message, "http_session")
        yield


@contextmanager
def _channel_user_from_http(message: Message) -> Iterator[None]:
    with open_channel_session(message), open_http_session(message):
        _transfer_from_http(message)
        hang_user(message, "channel_session", anew=True)
        yield


@contextmanager
def _both_users(message: Message) -> Iterator[None]:
    with open_channel_session(message), open_http_session(message):
        _transfer_from_http(message)  # only a message that brings a cookie does it, not each later one
        with open_both_sessions(message):
            hang_user(message, "channel_session", anew=True)
            yield


channel_session_user = opening("channel_session_user", _channel_user)
http_session_user = opening("http_session_user", _http_user)
channel_session_user_from_http = opening("channel_session_user_from_http", _channel_user_from_http)
channel_and_http_session_user_from_http = opening("channel_and_http_session_user_from_http", _both_users)
