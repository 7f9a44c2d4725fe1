"""What the application answers a WebSocket: its messages checked, and what each means in each state. Plain logic.

| key | type | meaning |
|---|---|---|
| `accept` | bool | answers the handshake; ignored once the socket is open |
| `subprotocol` | str | with `accept`: one that the client offered |
| `text` or `bytes` | str, bytes | one frame, sent also if it is empty; not both |
| `close` | True or int | True is 1000, else a code that a server may send; any other number closes with 1011 |

A key whose value is None is absent; `close` False is too. Every other key makes the message an error.
"""

from dataclasses import dataclass
from enum import Enum

from autobahn.websocket.protocol import PreparedMessage

from towpath.layers.close_codes import NORMAL_CLOSURE
from towpath.layers.contract import Content

INTERNAL_ERROR = 1011

_TYPES: dict[str, type] = {"accept": bool, "subprotocol": str, "text": str, "bytes": bytes, "close": int}


class BadReply(ValueError):
    """Raised when a reply is not a message of this protocol; says which key is wrong."""


class State(Enum):
    """The life of a WebSocket as its application sees it."""

    HANDSHAKE = "handshake"
    OPEN = "open"
    LEAVING = "leaving"  # we closed because the server stops: what the client still says counts
    CLOSING = "closing"  # the application, the client or an error has closed
    CLOSED = "closed"


class Step(Enum):
    """What one reply does, step by step."""

    ACCEPT = "accept"
    REJECT = "reject"
    SEND = "send"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, checked. `frame` is the encoded frame; `close` the close code; None where there is none."""

    accept: bool | None = None
    subprotocol: str | None = None
    frame: bytes | None = None
    close: int | None = None


#: In the handshake, by (accept, is there a frame, is there a close).
_IN_HANDSHAKE: dict[tuple[bool | None, bool, bool], tuple[Step, ...]] = {
    (True, False, False): (Step.ACCEPT,),
    (True, True, False): (Step.ACCEPT, Step.SEND),
    (True, False, True): (Step.ACCEPT, Step.CLOSE),
    (True, True, True): (Step.ACCEPT, Step.SEND, Step.CLOSE),
    (False, False, False): (Step.REJECT,),
    (False, True, False): (Step.REJECT,),
    (False, False, True): (Step.REJECT,),
    (False, True, True): (Step.REJECT,),
    (None, True, False): (Step.ACCEPT, Step.SEND),
    (None, True, True): (Step.ACCEPT, Step.SEND, Step.CLOSE),
    (None, False, True): (Step.REJECT,),
    (None, False, False): (),
}


def steps(state: State, reply: Reply) -> tuple[Step, ...]:
    """Return what a reply does in a state, in order."""
    has_frame, has_close = reply.frame is not None, reply.close is not None
    if state is State.HANDSHAKE:
        return _IN_HANDSHAKE[reply.accept, has_frame, has_close]
    if state is State.OPEN:
        return (Step.SEND,) * has_frame + (Step.CLOSE,) * has_close
    return ()


def parse_reply(content: Content) -> Reply:
    """Check a reply and encode its frame.

    Raises:
        BadReply: it has an unknown key, a value of a wrong type, both text and bytes, or nothing in it.
    """
    given = {key: value for key, value in content.items() if value is not None}
    for key, value in given.items():
        if not isinstance(value, _TYPES.get(key, ())):
            raise BadReply(_what_is_wrong(key, value))
    if "text" in given and "bytes" in given:
        raise BadReply("text and bytes in one message: send two")
    if not given.keys() - {"subprotocol"}:
        raise BadReply("nothing in it: expected accept, text, bytes or close")
    return Reply(given.get("accept"), given.get("subprotocol"), frame_of(given), _close_code(given.get("close")))


def plain_frame(content: Content) -> bytes | None:
    """Return the frame of a message that is nothing but text or bytes: most are. None for all others."""
    if len(content) != 1:
        return None
    ((key, value),) = content.items()
    if key == "text" and type(value) is str or key == "bytes" and type(value) is bytes:
        return frame_of(content)
    return None


def frame_of(content: Content) -> bytes | None:
    """Return the frame for a message's `text` or `bytes`, as a server sends it; None if it has neither.

    Raises:
        BadReply: the text is not valid Unicode.
    """
    text, data = content.get("text"), content.get("bytes")
    if text is None:
        return None if data is None else _frame(data, is_binary=True)
    try:
        return _frame(text.encode(), is_binary=False)
    except UnicodeEncodeError as error:
        raise BadReply(f"text that is not valid Unicode: {error.reason}") from error


def _frame(payload: bytes, *, is_binary: bool) -> bytes:
    return PreparedMessage(payload, is_binary, applyMask=False, doNotCompress=True).payloadHybi


def _close_code(close: bool | int | None) -> int | None:
    if close is None or close is False:
        return None
    return NORMAL_CLOSURE if close is True else int(close)


def _what_is_wrong(key: str, value: object) -> str:
    if key not in _TYPES:
        return f"unknown key {key!r}: expected accept, subprotocol, text, bytes, close"
    return f"{key!r} is a {type(value).__name__}, not a {_TYPES[key].__name__}"
