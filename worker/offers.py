"""Requests with an incomplete body: the interface server offers them to consumers that read a body while it arrives.

Such a consumer waits for its client, so only routes with `stream_uploads` get an offer, and only while the number of
threads that wait for clients is below its bound. Any other offer is declined, and the request is sent again when its
body is complete.
"""

from towpath.channels import Message


def is_offer(message: Message) -> bool:
    """Return whether the body of a request is still incomplete."""
    return message.content.get("body_is_complete") is False


def decline(message: Message) -> None:
    """Request the message again when its body is complete."""
    if message.reply_channel is not None:
        message.reply_channel.send({"body_whole": True})
