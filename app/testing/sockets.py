"""A simulated WebSocket: cookies and headers, a login, texts and JSON."""

import json as json_module
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, SimpleCookie
from django.utils.module_loading import import_string

from towpath.auth import transfer_user
from towpath.channels import Message
from towpath.channels.configured import DEFAULT_CHANNEL_LAYER
from towpath.layers.contract import Content
from towpath.layers.protocol import CONNECT, DISCONNECT, HTTP_REQUEST, NORMAL_CLOSURE, WEBSOCKET_PREFIX
from towpath.sessions.decorators import open_channel_session

from .client import Client


class WSClient(Client):
    """A WebSocket of the layer `alias`, with the cookies and headers of a browser. Events are numbered always.

    They are part of the handshake only, as behind an interface server. In a test that sends no handshake, each event
    has them, and the login. `ordered` is accepted as in 1.x, and changes nothing.
    """

    def __init__(
        self, ordered: bool = True, alias: str = DEFAULT_CHANNEL_LAYER, reply_channel: str | None = None
    ) -> None:
        super().__init__(alias, reply_channel)
        self._cookies: dict[str, str] = {}
        self._headers: dict[str, str] = {}
        self._path = "/"
        self._order = 0
        self._is_open = False
        #: Replies that were sent with the accept, or instead of it.
        self._early: list[Content] = []

    def set_cookie(self, key: str, value: str) -> None:
        """Send a cookie with all later handshakes."""
        self._cookies[key] = value

    def get_cookies(self) -> dict[str, str]:
        """Return the cookies, by name."""
        return dict(self._cookies)

    def set_header(self, key: str, value: str) -> None:
        """Send a header with all later handshakes.

        Raises:
            ValueError: it is Cookie.
        """
        if key.lower() == "cookie":
            raise ValueError("cookies are set one by one: set_cookie(key, value)")
        self._headers[key.lower()] = value

    @property
    def headers(self) -> list[list[bytes]]:
        """The headers of a handshake, as messages have them."""
        found = {"host": "testserver", "origin": "http://testserver", **self._headers}
        if self._cookies:
            found["cookie"] = "; ".join(_cookie(key, value) for key, value in self._cookies.items())
        return [[name.encode(), value.encode()] for name, value in found.items()]

    @property
    def session(self) -> SessionBase:
        """The browser's session, made if there is none; save it after a change."""
        store = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
        key = self._cookies.get(settings.SESSION_COOKIE_NAME)
        session: SessionBase = store(key)
        if key is None or not session.exists(key):
            session.save()
            self.set_cookie(settings.SESSION_COOKIE_NAME, str(session.session_key))
        return session

    def login(self, **credentials: Any) -> bool:
        """Log in the user of `authenticate(**credentials)`; return whether there was one."""
        user = auth.authenticate(**credentials)
        if user is None:
            return False
        self._log_in(user, None)
        return True

    def force_login(self, user: Any, backend: str | None = None) -> None:
        """Log a user in without a password; `backend` None is the first of AUTHENTICATION_BACKENDS."""
        self._log_in(user, backend or settings.AUTHENTICATION_BACKENDS[0])

    def logout(self) -> None:
        """Delete the session and its cookie."""
        self.session.flush()
        self._cookies.pop(settings.SESSION_COOKIE_NAME, None)

    def send(self, to: str, content: Content | None = None, text: Any = None, path: str | None = None) -> None:
        """Put an event on a channel as an interface server does.

        `text` is a str, or a value to encode as JSON. `path` may have a query string; None: the previous one, or `/`.
        A key of `content` takes precedence.

        Raises:
            ChannelFull: the channel is at its capacity.
            EncodeError, MalformedEvent: `content` has values that cannot be encoded, or of the wrong type.
            TypeError: `text` cannot be encoded as JSON.
        """
        if path is not None:
            self._path = path
        if to == CONNECT:
            self._is_open = True
        elif not self._is_open and self._session_state is None:
            self._session_state = self._login_state(to)
        event = {**self._event(to), **({} if text is None else {"text": text}), **(content or {})}
        if not isinstance(event.get("text", ""), (str, bytes)):
            event["text"] = json_module.dumps(event["text"])
        super().send(to, event)

    def consume(self, channel: str, fail_on_none: bool = True, check_accept: bool = True) -> Any:
        """Run the consumer of the channel's next event; return what it returns.

        Raises:
            AssertionError: as with `Client`; and, with `check_accept`, a consumer of `websocket.connect` has not
                accepted the socket. Its other replies can be received afterwards.
        """
        result = super().consume(channel, fail_on_none)
        if channel == CONNECT and check_accept:
            self._take_accept()
        return result

    def send_and_consume(  # type: ignore[override]  # the order of 1.x
        self,
        channel: str,
        content: Content | None = None,
        text: Any = None,
        path: str | None = None,
        fail_on_none: bool = True,
        check_accept: bool = True,
    ) -> Any:
        """Send an event, and run the consumer of the channel's next one."""
        self.send(channel, content, text, path)
        return self.consume(channel, fail_on_none, check_accept)

    def receive(self, json: bool = True) -> Any:
        """Return the content of the next frame: JSON (with `json` False text), or bytes; None if there is none.

        A reply without a frame, such as `{"close": 4000}`, is returned as it is.

        Raises:
            ValueError: the text is not JSON.
        """
        content = self._early.pop(0) if self._early else super().receive()
        if content is None:
            return None
        text = content.get("text")
        if text is not None:
            return json_module.loads(text) if json else text
        return content["bytes"] if content.get("bytes") is not None else content

    def _take_accept(self) -> None:
        reply = super().receive()
        if reply is None:
            raise AssertionError(
                'Connection rejected: the handshake is not answered; send {"accept": True} to the reply channel'
            )
        rest = {key: value for key, value in reply.items() if key not in ("accept", "subprotocol", "headers")}
        has_frame = any(rest.get(key) is not None for key in ("text", "bytes"))
        if reply.get("accept") is False or not (reply.get("accept") or has_frame):
            raise AssertionError(f"Connection rejected: the handshake is refused: {reply!r}")
        if rest:
            self._early.append(rest)

    def _event(self, to: str) -> Content:
        """Return the keys and values of an event of this kind, except for its frame."""
        if to == CONNECT:
            self._order = 0
            return {**self._head("ws"), "order": 0}
        if to == HTTP_REQUEST:
            return {**self._head("http"), "http_version": "1.1", "method": "GET", "body": b""}
        self._order += 1
        event: Content = {"path": self._path.partition("?")[0], "order": self._order}
        if to == DISCONNECT:
            event["code"] = NORMAL_CLOSURE
        if not (self._is_open and to.startswith(WEBSOCKET_PREFIX)):
            event["headers"] = self.headers
        return event

    def _head(self, scheme: str) -> Content:
        path, _, query = self._path.partition("?")
        return {
            "scheme": scheme,
            "path": path,
            "root_path": "",
            "query_string": query.encode("utf-8"),
            "headers": self.headers,
            "client": ["127.0.0.1", 50000],
            "server": ["127.0.0.1", 80],
        }

    def _login_state(self, to: str) -> bytes | None:
        """Return the session state after a handshake: the login of the browser's session, if there is one."""
        if settings.SESSION_COOKIE_NAME not in self._cookies:
            return None
        message = Message({"reply_channel": self.reply_channel}, to, self.channel_layer, turn=0)
        with open_channel_session(message):
            transfer_user(self.session, message.channel_session)
        return message.session_state

    def _log_in(self, user: Any, backend: str | None) -> None:
        request = HttpRequest()
        request.session = self.session
        auth.login(request, user, backend)
        request.session.save()
        self.set_cookie(settings.SESSION_COOKIE_NAME, str(request.session.session_key))


def _cookie(key: str, value: str) -> str:
    cookies: SimpleCookie = SimpleCookie({key: value})
    return cookies.output(header="", attrs=[]).strip()


#: The name that 1.x had for it before.
HttpClient = WSClient
