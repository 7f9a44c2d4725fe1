"""The channels of HTTP and WebSocket events, and the close codes of WebSockets: the names that all processes share.

A server may send every code that may stand in a close frame (RFC 6455, section 7.4, and the IANA registry); that only
1000 and 3000 to 4999 are allowed is the rule for pages in a browser.
"""

import re
from collections.abc import Mapping

HTTP_REQUEST, HTTP_DISCONNECT = "http.request", "http.disconnect"
CONNECT, RECEIVE, DISCONNECT = "websocket.connect", "websocket.receive", "websocket.disconnect"
#: All channels that interface servers send events to.
EVENT_CHANNELS = (HTTP_REQUEST, HTTP_DISCONNECT, CONNECT, RECEIVE, DISCONNECT)
#: The beginnings of their names, of later ones too.
HTTP_PREFIX, WEBSOCKET_PREFIX = "http.", "websocket."
#: Capacities of channels by pattern, unless a layer has others. A WebSocket has at most one event in its channels.
EVENT_CAPACITY: Mapping[str | re.Pattern[str], int] = {f"{WEBSOCKET_PREFIX}*": 10_000, HTTP_REQUEST: 1_000}
#: Patterns of the channels of one request: for the pieces of its body, and for notices of what its client has taken.
BODY_CHANNEL, FLOW_CHANNEL = "http.request.body?", "http.response.flow?"

#: A close without a code.
NORMAL_CLOSURE = 1000
PROTOCOL_ERROR = 1002
#: These two never stand in a frame: a close frame without a code, and a connection that ended without a close frame.
NO_STATUS, ABNORMAL_CLOSURE = 1005, 1006
#: Pages of `WebSocketBridge` do not come back after it.
POLICY_VIOLATION = 1008
MESSAGE_TOO_BIG = 1009
INTERNAL_ERROR = 1011
SERVICE_RESTART = 1012
TRY_AGAIN_LATER = 1013
#: The codes of RFC 6455 and the IANA registry.
STANDARD_CODES = range(1000, 1016)
#: The codes that libraries and applications choose.
PRIVATE_CODES = range(3000, 5000)
#: 1004, 1005, 1006 and 1015 are reserved and never stand in a frame; 1016 to 2999 are not assigned.
_RANGES = (range(1000, 1004), range(1007, 1015), PRIVATE_CODES)
#: The codes that a server may send, for error messages.
SENDABLE = "1000 to 1003, 1007 to 1014, or 3000 to 4999"


def is_sendable(code: object) -> bool:
    """Return whether `code` is an int (not a bool) that a server may send in a close frame."""
    return isinstance(code, int) and not isinstance(code, bool) and any(code in codes for codes in _RANGES)
