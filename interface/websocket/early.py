"""Group messages that arrive before the application has answered the handshake. Plain logic.

A group message must not accept a socket, and must not overtake the replies of the connect consumer: a consumer joins
first and sends its snapshot then, so a group message in between belongs behind the snapshot.
"""

from .replies import Reply

#: Bytes that a message occupies in addition to its frame.
OVERHEAD_BYTES = 64


class EarlyReplies:
    """Keeps them in order, up to a number of bytes."""

    __slots__ = ("_bytes", "_max_bytes", "_replies")

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._replies: list[Reply] = []
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._replies)

    def keep(self, reply: Reply) -> bool:
        """Keep a message; False if there is no room for it."""
        length = OVERHEAD_BYTES + (0 if reply.frame is None else len(reply.frame))
        if self._bytes + length > self._max_bytes:
            return False
        self._replies.append(reply)
        self._bytes += length
        return True

    def take(self) -> list[Reply]:
        """Take all, oldest first."""
        replies, self._replies, self._bytes = self._replies, [], 0
        return replies
