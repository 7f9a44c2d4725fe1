"""Login of WebSockets by a bearer token of the handshake, which a function of the project checks.

The login is kept in the connection's session, like a login by cookie: later events have `message.user` from there, and
Django checks at each whether the user may still log in. The token itself is neither stored nor logged.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from traceback import format_exception
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import auth

from towpath.channels import Channel, DenyConnection, Message
from towpath.decorating import Decorator, hang, opening
from towpath.layers.contract import Content
from towpath.layers.errors import ConfigurationError, TowpathError
from towpath.layers.protocol import CONNECT, HTTP_REQUEST
from towpath.routing import name_of
from towpath.sessions.decorators import open_channel_session

from .bearer import BearerToken, TokenPlaces, UnusableToken
from .users import hang_user, log_in

if TYPE_CHECKING:  # models cannot be imported before Django is set up
    from django.contrib.auth.base_user import AbstractBaseUser


class TokenCheckFailed(TowpathError):
    """Raised instead of the check's own error if its text contains the token."""


@dataclass(frozen=True, slots=True)
class TokenLogin:
    """Result of a check instead of a user: the user, and when the login ends, as an aware datetime or in seconds
    since 1970 (a JWT's `exp`). After that `message.user` is anonymous; the socket stays open.
    """

    user: "AbstractBaseUser"
    expires_at: datetime | float | None = None


Check = Callable[[str], "AbstractBaseUser | TokenLogin | None"]


def token_user(
    check: Check,
    *,
    header: str | None = "authorization",
    subprotocol: str | None = "bearer",
    query: str | None = None,
    required: bool = True,
) -> Decorator:
    """Return a decorator that logs a WebSocket in by the token of its handshake.

    `check(token)` returns the user, a `TokenLogin`, or None for a token that is not valid. A handshake with such a
    token is refused, and so is one of a user who may not log in, or without a token; with `required` False the user of
    the latter is anonymous. The places of tokens are documented in `towpath.auth.bearer`; None disables a
    place. Put the decorator on the consumer of `websocket.connect`, and it or `channel_session_user` on the others;
    or on a class.

    Raises:
        ConfigurationError: `check` is not such a function, or there is no place to look in.
    """
    _check_the_check(check)
    places = TokenPlaces(header, subprotocol, query)
    return opening("token_user", lambda message: _logged_in(message, check, places, required))


def _check_the_check(check: object) -> None:
    is_consumer = isinstance(check, type) or (callable(check) and next(iter(_parameters(check)), None) == "message")
    if not callable(check) or is_consumer:
        raise ConfigurationError(
            f"token_user takes the function that checks tokens, not {check!r}: "
            "write @token_user(check) above the consumer"
        )
    if inspect.iscoroutinefunction(check):
        raise ConfigurationError(
            f"token_user: {name_of(check)} is async, and consumers and their checks are plain functions"
        )


def _parameters(check: Callable[..., Any]) -> list[str]:
    try:
        return list(inspect.signature(check).parameters)
    except ValueError:  # built in, without a signature
        return []


def _logged_in(message: Message, check: Check, places: TokenPlaces, required: bool) -> AbstractContextManager[None]:
    if message.channel_name == CONNECT:
        return _handshake(message, check, places, required)
    if message.channel_name == HTTP_REQUEST:
        raise ConfigurationError("token_user is for WebSockets; in a view, read the token from the request's headers")
    return _later_event(message)


@contextmanager
def _later_event(message: Message) -> Iterator[None]:
    with open_channel_session(message):
        hang_user(message, "channel_session")
        yield


@contextmanager
def _handshake(message: Message, check: Check, places: TokenPlaces, required: bool) -> Iterator[None]:
    token = _found(message, places)
    if token is None and required:
        raise DenyConnection("there is no token")
    login = None if token is None else _login(check, token.text)
    with open_channel_session(message):
        if login is not None:
            log_in(message.channel_session, login.user, login.expires_at)
        hang_user(message, "channel_session", anew=True)
        if login is not None and not message.user.is_authenticated:
            message.channel_session.flush()
            raise DenyConnection("the user may not log in, or the time is up")
        if token is not None and token.subprotocol is not None and message.reply_channel is not None:
            hang(message, _reply_channel=_AcceptingChannel(message.reply_channel, token))
        yield


def _found(message: Message, places: TokenPlaces) -> BearerToken | None:
    try:
        return places.find(message, getattr(settings, "CHANNELS_WS_PROTOCOLS", None) or ())
    except UnusableToken as error:
        raise DenyConnection(str(error)) from None


def _login(check: Check, token: str) -> TokenLogin:
    """Return the result of the project's check.

    Raises:
        DenyConnection: the token is not valid.
        ConfigurationError: the check returned something that is not a user.
    """
    answer = _checked(check, token)
    if answer is None:
        raise DenyConnection("the token is not valid")
    login = answer if isinstance(answer, TokenLogin) else TokenLogin(answer)
    if not isinstance(login.user, auth.get_user_model()) or login.user.pk is None:
        kind = type(login.user).__name__
        raise ConfigurationError(
            f"{name_of(check)} returned a {kind}, and not a saved {settings.AUTH_USER_MODEL}, a TokenLogin with one, "
            "or None; other claims of a token belong into the connection's session"
        )
    return login


def _checked(check: Check, token: str) -> "AbstractBaseUser | TokenLogin | None":
    try:
        return check(token)
    except Exception as error:
        told = "".join(format_exception(error))
        if token not in told:
            raise
    raise TokenCheckFailed(f"{name_of(check)} raised, with the token in its text:\n{told.replace(token, '[token]')}")


class _AcceptingChannel(Channel):
    """A reply channel whose accept names the subprotocol: browsers that offered some hang up without."""

    __slots__ = ("_channel", "_is_accepted", "_token")

    def __init__(self, channel: Channel, token: BearerToken) -> None:
        super().__init__(channel.name, channel_layer=channel.channel_layer)
        self._channel = channel
        self._token = token
        self._is_accepted = False

    def send(self, content: Content, immediately: bool = False, delay: timedelta | None = None) -> None:
        """Send a message; the first that accepts the socket gets the subprotocol, unless it names one."""
        if not self._is_accepted and _accepts(content):
            self._is_accepted = True
            content = {**content, "accept": True}
            if content.get("subprotocol") is None:
                content["subprotocol"] = self._token.subprotocol
        if isinstance(content, dict) and content.get("subprotocol") == self._token.text:
            raise ValueError(
                "the subprotocol to accept is the token itself: leave it out, and the right one is accepted"
            )
        self._channel.send(content, immediately, delay)


def _accepts(content: object) -> bool:
    """Return whether a message accepts a socket that is still in its handshake; a frame alone does."""
    if not isinstance(content, dict):
        return False  # an error, which the channel raises
    accept = content.get("accept")
    has_frame = content.get("text") is not None or content.get("bytes") is not None
    return accept is True or (accept is None and has_frame)
