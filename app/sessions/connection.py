"""A session that travels with its connection: without a store, without rows, without a cleanup.

It is the message's `session_state`, at most 64 KiB of msgpack: values are str, bytes, int, float, bool, None, list
and dict with str keys. It goes back with the settlement and comes with the connection's next event.
"""

import logging
from typing import Any

from django.contrib.sessions.backends.base import SessionBase

from towpath.channels import Message
from towpath.layers.codec import check_content, pack, unpack
from towpath.layers.errors import DecodeError, EncodeError

from .keys import session_key_for

logger = logging.getLogger(__name__)


class ConnectionSession(SessionBase):
    """Django's session interface over the state of one connection; read when it is first used."""

    def __init__(self, message: Message) -> None:
        # SessionBase.__init__ is not called: it looks up a serializer for a store that is not there
        self.accessed = False
        self.modified = False
        self._message = message

    @property
    def session_key(self) -> str:
        """The name of the connection."""
        return session_key_for(str(self._message.reply_channel))

    @property
    def _session_key(self) -> str:
        return self.session_key

    @_session_key.setter
    def _session_key(self, value: str | None) -> None:
        """Keep the key: `flush` asks for a new one, and a connection has but one."""

    def is_empty(self) -> bool:
        return not self._get_session()  # type: ignore[attr-defined]  # not in django-stubs

    def load(self) -> dict[str, Any]:
        """Return the session that the connection's previous message saved."""
        state = self._message.session_state
        if state is None:
            self._warn_if_stateless("read")
            return {}
        try:
            return dict(unpack(state))
        except (DecodeError, TypeError, ValueError):
            logger.warning("the state of %s is damaged; its session starts empty", self._message.reply_channel)
            return {}

    def save(self, must_create: bool = False) -> None:
        """Save the session for the next message of the connection.

        Raises:
            EncodeError: a value cannot be encoded; names its key.
            MessageTooLarge: it is longer than 64 KiB.
        """
        self._warn_if_stateless("changed")
        data: dict[str, Any] = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        try:
            check_content(data)
            self._message.session_state = pack(data) if data else b""
        except EncodeError as error:
            raise EncodeError(f"a channel session cannot keep this: {error}") from error
        self.modified = False

    def create(self) -> None:
        """Start anew, empty."""
        self._session_cache: dict[str, Any] = {}
        self.modified = True

    def exists(self, session_key: str | None = None) -> bool:
        return session_key == self.session_key and self._message.session_state is not None

    def delete(self, session_key: str | None = None) -> None:
        """Do nothing: the emptied session is saved."""

    def cycle_key(self) -> None:
        """Keep the only key."""
        self.modified = True

    def _warn_if_stateless(self, verb: str) -> None:
        if self._message.turn is None and self._message.session_state is None:
            logger.warning(
                "a channel session was %s in a message on %s, which is not an event of a connection: it is empty here, "
                "and changes are lost; set CHANNEL_SESSION_ENGINE to share sessions with other channels",
                verb, self._message.channel_name,
            )  # fmt: skip
