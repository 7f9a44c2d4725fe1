"""Replies of the application to a WebSocket, and their meaning in each state. Plain logic.

The table of their keys is in `towpath.layers.replies`, which checks them where an application sends them. Replies may
have been sent by other means, and are checked again: a key that is not in the table, a value of a wrong type, or keys
that exclude each other make the reply an error. A close with a code that servers must not send becomes one with 1011.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from autobahn.websocket.protocol import PreparedMessage

from towpath.layers.contract import Content
from towpath.layers.protocol import INTERNAL_ERROR, NORMAL_CLOSURE
from towpath.layers.replies import REASON_MAX_BYTES, REFUSALS

FORBIDDEN = 403

_TYPES: dict[str, type | tuple[type, ...]] = {
    "accept": bool, "subprotocol": str, "headers": (list, tuple), "text": str, "bytes": bytes, "close": int,
    "reason": str, "status": int, "content": bytes,
}  # fmt: skip


class BadReply(ValueError):
    """Raised when a reply is not a message of this protocol; names the wrong key, and what is done `instead`."""

    def __init__(self, text: str, instead: "Reply | None" = None) -> None:
        super().__init__(text)
        self.instead = instead


class State(Enum):
    """The phases of a WebSocket as its application sees it."""

    HANDSHAKE = "handshake"
    OPEN = "open"
    LEAVING = "leaving"  # we closed because the server stops: later messages of the client are still handled
    CLOSING = "closing"  # the application, the client or an error has closed
    CLOSED = "closed"


class Step(Enum):
    """The steps of one reply."""

    ACCEPT = "accept"
    REJECT = "reject"
    SEND = "send"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Reply:
    """One valid reply. `frame` is the encoded frame, `close` the close code; None if absent."""

    accept: bool | None = None
    subprotocol: str | None = None
    frame: bytes | None = None
    close: int | None = None
    reason: str = ""
    #: Of the answer to the handshake; of a refusal also the status and the body, None for a page of the server's own.
    headers: Sequence[Any] = ()
    status: int = FORBIDDEN
    content: bytes | None = None


#: In the handshake, by (accept, has a frame, has a close).
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
        BadReply: it has an unknown key, a value of a wrong type, keys that exclude each other, or no key.
    """
    given = {key: value for key, value in content.items() if value is not None}
    instead = Reply(close=INTERNAL_ERROR) if given.get("close", False) is not False else None
    for key, value in given.items():
        if not isinstance(value, _TYPES.get(key, ())):
            raise BadReply(_what_is_wrong(key, value), instead)
    if "text" in given and "bytes" in given:
        raise BadReply("text and bytes in one message: send two", instead)
    if given.keys().isdisjoint(("accept", "text", "bytes", "close")):
        raise BadReply("nothing in it: expected accept, text, bytes or close")
    _check_answer(given, instead)
    return Reply(
        accept=given.get("accept"),
        subprotocol=given.get("subprotocol"),
        frame=frame_of(given),
        close=_close_code(given.get("close")),
        reason=given.get("reason", ""),
        headers=given.get("headers", ()),
        status=given.get("status", FORBIDDEN),
        content=given.get("content"),
    )


def _check_answer(given: Content, instead: Reply | None) -> None:
    """Check the keys of an answer to a handshake."""
    accept, status = given.get("accept"), given.get("status", FORBIDDEN)
    if accept is not False and not given.keys().isdisjoint(("status", "content")):
        raise BadReply("status or content without accept False: they are parts of a refusal", instead)
    if accept is None and "headers" in given:
        raise BadReply("headers without accept: they are part of the answer to the handshake", instead)
    if status not in REFUSALS:
        raise BadReply(f"status is {status!r}: a handshake is refused with an int from 300 to 599", instead)
    if len(given.get("reason", "").encode(errors="replace")) > REASON_MAX_BYTES:
        raise BadReply(f"reason has more than {REASON_MAX_BYTES} bytes of UTF-8", instead)


def plain_frame(content: Content) -> bytes | None:
    """Return the frame of a message that holds text or bytes only, as most do; None for all others."""
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
        return f"unknown key {key[:60]!r}: expected {', '.join(_TYPES)}"
    kind = _TYPES[key]
    expected = kind if isinstance(kind, type) else kind[0]
    return f"{key!r} is a {type(value).__name__}, not a {expected.__name__}"
