"""The close codes that an application may end a WebSocket with: one definition for the call and for the interface.

A server may send every code that may stand in a close frame (RFC 6455, section 7.4, and the IANA registry); that only
1000 and 3000 to 4999 are allowed is the rule for pages in a browser.
"""

#: "Normal closure" (RFC 6455, section 7.4.1): a close without a code.
NORMAL_CLOSURE = 1000
#: 1004, 1005, 1006 and 1015 are reserved and never stand in a frame; 1016 to 2999 are not assigned.
_RANGES = (range(1000, 1004), range(1007, 1015), range(3000, 5000))
#: The codes, for error messages.
SENDABLE = "1000 to 1003, 1007 to 1014, or 3000 to 4999"


def is_sendable(code: object) -> bool:
    """Return whether `code` is an int (not a bool) that a server may send in a close frame."""
    return isinstance(code, int) and not isinstance(code, bool) and any(code in codes for codes in _RANGES)
