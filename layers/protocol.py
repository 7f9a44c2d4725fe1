"""The channels of HTTP and WebSocket events, and the close codes of WebSockets: the names that all processes share.

A server may send every code that may stand in a close frame (RFC 6455, section 7.4, and the IANA registry); that only
1000 and 3000 to 4999 are allowed is the rule for pages in a browser.
"""

HTTP_REQUEST, HTTP_DISCONNECT = "http.request", "http.disconnect"
CONNECT, RECEIVE, DISCONNECT = "websocket.connect", "websocket.receive", "websocket.disconnect"

#: A close without a code.
NORMAL_CLOSURE = 1000
PROTOCOL_ERROR = 1002
#: These two never stand in a frame: a close frame without a code, and a connection that ended without a close frame.
NO_STATUS, ABNORMAL_CLOSURE = 1005, 1006
MESSAGE_TOO_BIG = 1009
INTERNAL_ERROR = 1011
SERVICE_RESTART = 1012
TRY_AGAIN_LATER = 1013
#: 1004, 1005, 1006 and 1015 are reserved and never stand in a frame; 1016 to 2999 are not assigned.
_RANGES = (range(1000, 1004), range(1007, 1015), range(3000, 5000))
#: The codes that a server may send, for error messages.
SENDABLE = "1000 to 1003, 1007 to 1014, or 3000 to 4999"


def is_sendable(code: object) -> bool:
    """Return whether `code` is an int (not a bool) that a server may send in a close frame."""
    return isinstance(code, int) and not isinstance(code, bool) and any(code in codes for codes in _RANGES)
