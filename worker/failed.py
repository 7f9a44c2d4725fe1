"""The reply for a consumer that raised: its client waits neither for a timeout nor for the rest of an answer."""

from collections.abc import Callable

from towpath.layers.contract import Content, Envelope, Send
from towpath.layers.protocol import CONNECT, HTTP_REQUEST, INTERNAL_ERROR

#: The response to a request whose consumer failed; Django answers for its own views.
REQUEST_FAILED: Content = {
    "status": 500,
    "headers": [[b"content-type", b"text/plain; charset=utf-8"]],
    "content": b"Internal Server Error\n",
    "more_content": False,
}
#: The rest of a response whose head has left already: the connection is cut, so that no client takes it for complete.
RESPONSE_FAILED: Content = {"closed": True}
#: Refuses a handshake; closes a socket whose accept has left already.
HANDSHAKE_FAILED: Content = {"accept": False, "status": 500, "close": INTERNAL_ERROR}


def sends_of_failed(envelope: Envelope, sends: list[Send]) -> list[Send]:
    """Return the held sends of a failed consumer that are delivered, with the reply that its client waits for.

    A complete answer stays. Half an answer is dropped: of a request, a response without its end; of a handshake, an
    accept without a close. On all other channels nothing is added, and an open socket goes on.
    """
    answer = ANSWERS.get(envelope.channel)
    reply_channel = envelope.reply_channel
    if answer is None or reply_channel is None:
        return sends
    replies = [send.content for send in sends if isinstance(send, Envelope) and send.channel == reply_channel]
    reply = answer(replies)
    if reply is None:
        return sends
    others = [send for send in sends if not (isinstance(send, Envelope) and send.channel == reply_channel)]
    return [*others, Envelope(reply_channel, reply)]


def _answer_request(replies: list[Content]) -> Content | None:
    if not replies:
        return REQUEST_FAILED
    if not replies[-1].get("more_content"):
        return None
    return REQUEST_FAILED if "status" in replies[0] else RESPONSE_FAILED


def _answer_handshake(replies: list[Content]) -> Content | None:
    is_ended = any(reply.get("close") or reply.get("accept") is False for reply in replies)
    return None if is_ended else HANDSHAKE_FAILED


ANSWERS: dict[str, Callable[[list[Content]], Content | None]] = {
    HTTP_REQUEST: _answer_request,
    CONNECT: _answer_handshake,
}
