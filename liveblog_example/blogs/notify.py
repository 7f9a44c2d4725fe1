"""Sends changes of entries to the open pages of their blog: changes by views, consumers, the admin and commands.

`BlogsConfig.ready` imports this module, which connects the receiver. Models do not import it.
"""

from typing import Any

from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver

from .models import ChatLine, Entry, Post
from .payloads import change, frame, response, single


@receiver(post_save, sender=Post)
@receiver(post_save, sender=ChatLine)
def send_at_commit(instance: Entry, raw: bool, **_: Any) -> None:
    """Send a saved entry to open pages when its transaction commits; entries of a fixture (`raw`) are not sent.

    `robust`: a request whose entry is saved must not fail if the channel layer is unavailable. Readers get the entry
    when they reconnect.
    """
    if not raw:
        transaction.on_commit(lambda: send(instance), robust=True)


def send(entry: Entry) -> None:
    """Send the current state of an entry to every open page of its blog."""
    payload = change(entry)
    entry.blog.readers.send(frame(payload))
    entry.blog.pollers.send(response(single(payload)))
