"""`Message`, under the import path of 1.x."""

from towpath.channels.message import Message

__all__ = ["Message"]
