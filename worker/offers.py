"""Requests whose body still comes: the interface server offers them to consumers that read a body as it comes.

A consumer that reads waits for its client, so only routes with `stream_uploads` get an offer, and only while no more
threads wait for clients than may. Any other offer is declined, and the request comes again when its body is complete.
"""

from towpath.channels import Message


def is_offer(message: Message) -> bool:
    """Return whether the body of a request is still on its way from the client."""
    return message.content.get("body_is_complete") is False


def decline(message: Message) -> None:
    """Ask for the request again when its body is complete."""
    if message.reply_channel is not None:
        message.reply_channel.send({"body_whole": True})
