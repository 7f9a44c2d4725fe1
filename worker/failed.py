"""What is answered for a consumer that raised before it answered: whoever waits must not wait for a timeout."""

from towpath.layers.addressee import reply_channel_of
from towpath.layers.contract import Content, Envelope, Send

#: What a client is told whose request made a consumer fail; Django's views answer for themselves.
REQUEST_FAILED: Content = {
    "status": 500,
    "headers": [[b"content-type", b"text/plain; charset=utf-8"]],
    "content": b"Internal Server Error\n",
    "more_content": False,
}
#: By channel; on all others the end of the turn says enough, and an open connection goes on.
REPLIES: dict[str, Content] = {"http.request": REQUEST_FAILED, "websocket.connect": {"close": True}}


def reply_for_failed(envelope: Envelope, sends: list[Send]) -> list[Send]:
    """Return the reply that is missing among a failed consumer's held sends, if its sender waits for one."""
    reply = REPLIES.get(envelope.channel)
    reply_channel = reply_channel_of(envelope)
    if reply is None or reply_channel is None or any(_is_to(reply_channel, send) for send in sends):
        return []
    return [Envelope(reply_channel, reply)]


def _is_to(channel: str, send: Send) -> bool:
    return isinstance(send, Envelope) and send.channel == channel
