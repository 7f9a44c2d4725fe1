"""Bearer tokens (RFC 6750) in WebSocket handshakes: their places, and the subprotocol to accept. Plain logic.

| place | how a client sends it | for |
|---|---|---|
| a header | `Authorization: Bearer <token>`; any other header: the token alone | programs; browsers set no headers |
| a subprotocol | `new WebSocket(url, ["bearer", token])`: the token is offered next to a fixed name | browsers |
| the query string | `?token=<token>` | clients that can do neither: proxies write it into their logs |

A client that offers subprotocols needs one of them accepted: the fixed name, or another offered one; never the token.
No error and no log line contains the token.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from towpath.channels import Message
from towpath.channels.events import headers_of, query_string_of
from towpath.layers.errors import ConfigurationError

#: A header or subprotocol name (RFC 9110, 5.6.2).
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
#: What a token may consist of: visible ASCII.
_TOKEN = re.compile(r"[!-~]+\Z")
_SCHEME = "bearer "


class UnusableToken(ValueError):
    """Raised when a handshake has an invalid token, or more than one."""


@dataclass(frozen=True, slots=True)
class BearerToken:
    """A token as received. `subprotocol` is to be accepted; None if the token was not sent as a subprotocol."""

    text: str = field(repr=False)
    subprotocol: str | None = None


@dataclass(frozen=True, slots=True)
class TokenPlaces:
    """The places of a token in a handshake; None: not used.

    Raises:
        ConfigurationError: all are None, or a name is not valid.
    """

    header: str | None = "authorization"
    subprotocol: str | None = "bearer"
    query: str | None = None

    def __post_init__(self) -> None:
        if self.header is None and self.subprotocol is None and self.query is None:
            raise ConfigurationError("token_user looks nowhere: name a header, a subprotocol or a query parameter")
        for place in ("header", "subprotocol", "query"):
            name = getattr(self, place)
            if name is not None and not (isinstance(name, str) and _NAME.match(name)):
                raise ConfigurationError(f"token_user: {place} is a name such as 'token', or None, not {name!r}")

    def find(self, message: Message, configured: Sequence[str] = ()) -> BearerToken | None:
        """Return the token of a handshake, if there is one; `configured` are subprotocols that may be accepted too.

        Raises:
            UnusableToken: there are several, or one is empty or not in visible ASCII.
        """
        found = [
            *map(BearerToken, self._in_headers(message)),
            *self._in_subprotocols(message, configured),
            *map(BearerToken, self._in_query(message)),
        ]
        if len(found) > 1:
            raise UnusableToken("a handshake has one token, in one place")
        if found and _TOKEN.match(found[0].text) is None:
            raise UnusableToken("a token is not empty, and consists of visible ASCII")
        return found[0] if found else None

    def _in_headers(self, message: Message) -> list[str]:
        if self.header is None:
            return []
        values = _header_values(message, self.header)
        if self.header.lower() != "authorization":
            return values
        return [value[len(_SCHEME) :].strip() for value in values if value.lower().startswith(_SCHEME)]

    def _in_subprotocols(self, message: Message, configured: Sequence[str]) -> list[BearerToken]:
        if self.subprotocol is None:
            return []
        values = _header_values(message, "sec-websocket-protocol")
        offered = [part.strip() for value in values for part in value.split(",")]
        if self.subprotocol not in offered:
            return []
        place = offered.index(self.subprotocol)
        text = offered[place + 1] if place + 1 < len(offered) else ""
        others = (name for name in offered[:place] + offered[place + 2 :] if name in configured)
        return [BearerToken(text, next(others, self.subprotocol))]

    def _in_query(self, message: Message) -> list[str]:
        if self.query is None:
            return []
        query = query_string_of(message.content).decode("latin-1")
        return [value for name, value in parse_qsl(query, keep_blank_values=True) if name == self.query]


def _header_values(message: Message, name: str) -> list[str]:
    wanted = name.lower().encode("ascii")
    return [value.decode("latin-1").strip() for key, value in headers_of(message.content) if key == wanted]
