"""The message that a consumer receives: its content, its channel, and the session state of its connection."""

from collections.abc import ItemsView, KeysView, ValuesView
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from towpath.layers.contract import SESSION_STATE_MAX_BYTES, Content, Envelope
from towpath.layers.errors import MessageTooLarge
from towpath.layers.replies import REPLY_CHECKS

from .channel import Channel, ReplyChannel
from .configured import AnyLayer
from .known_user import user_id_of

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase

#: The type of a None where a value is usual. A type checker still reports a wrong attribute of the value, and does not
#: ask for a test for None.
MaybeNone: TypeAlias = Any


@dataclass(slots=True)
class _SessionState:
    """Shared by a message and its copies, so that a change through any of them reaches the settlement."""

    value: bytes | None
    is_changed: bool = False


class Message:
    """A message as its consumer gets it. It reads like the dict `content`; decorators add attributes to it.

    `__doomed__` is True on the last run of a message that ConsumeLater has postponed: another ConsumeLater drops it.
    `turn` is the number of the connection's turn that ends with this message; None if no connection waits.
    """

    __doomed__ = False

    #: The session of the connection. Decorators of `towpath.sessions` and `towpath.auth` open it; absent without one.
    channel_session: "SessionBase"
    #: The session of the browser, opened in the same way; None if the browser sent no cookie of one.
    http_session: "SessionBase | None"
    #: The user, of the class that AUTH_USER_MODEL names, or AnonymousUser. Decorators of `towpath.auth` load it.
    user: Any

    def __init__(
        self,
        content: Content,
        channel_name: str,
        channel_layer: AnyLayer,
        turn: int | None = None,
        session_state: bytes | None = None,
    ) -> None:
        self.content = content
        self.channel_name = channel_name
        self.channel_layer = channel_layer
        self.turn = turn
        self._session_state = _SessionState(session_state)
        self._channel: Channel | None = None
        self._reply_channel: Channel | None = None

    @classmethod
    def from_envelope(cls, envelope: Envelope, channel_layer: AnyLayer) -> "Message":
        """Make the message of what a layer delivered."""
        return cls(envelope.content, envelope.channel, channel_layer, envelope.turn, envelope.session_state)

    @property
    def channel(self) -> Channel:
        """The channel the message came on."""
        if self._channel is None:
            self._channel = Channel(self.channel_name, channel_layer=self.channel_layer)
        return self._channel

    @property
    def reply_channel(self) -> Channel | MaybeNone:
        """The channel of the answer, from the key `reply_channel`; None if the message has none.

        A reply to a message of an interface server is checked where it is sent (see `towpath.layers.replies`).
        """
        if self._reply_channel is None:
            name = self.content.get("reply_channel")
            if name is not None:
                check = REPLY_CHECKS.get(self.channel_name) if "!" in str(name) else None
                self._reply_channel = (
                    Channel(name, channel_layer=self.channel_layer)
                    if check is None
                    else ReplyChannel(name, self.channel_layer, check)
                )
        return self._reply_channel

    @property
    def session_state(self) -> bytes | None:
        """The bytes that travel with the connection from one message to the next; None if there are none.

        Setting them keeps them for the connection's next message; setting b"" clears them.

        Raises:
            TypeError: the value is not bytes.
            MessageTooLarge: it is longer than `SESSION_STATE_MAX_BYTES`.
        """
        return self._session_state.value

    @session_state.setter
    def session_state(self, value: bytes) -> None:
        if not isinstance(value, bytes):
            raise TypeError(f"session_state is bytes (b'' clears it), not {type(value).__name__}")
        if len(value) > SESSION_STATE_MAX_BYTES:
            raise MessageTooLarge(
                f"the state of a connection is at most {SESSION_STATE_MAX_BYTES} bytes long, not {len(value)}: "
                "keep a key in it and the rest in a database or cache"
            )
        self._session_state.value = value or None
        self._session_state.is_changed = True

    @property
    def session_state_changed(self) -> bool:
        """Whether a consumer has set `session_state`."""
        return self._session_state.is_changed

    def log_fields(self) -> dict[str, Any]:
        """Return what log lines say of this message: the connection, path, client, user and request id that are known.

        Loads nothing: the user is known once code has read it, or the session.
        """
        client = self.content.get("client")
        return {
            "connection": self.content.get("reply_channel"),
            "path": self.content.get("path"),
            "client": f"{client[0]}:{client[1]}" if isinstance(client, (list, tuple)) and len(client) == 2 else None,
            "user": user_id_of(vars(self)),
            "request_id": self.content.get("request_id"),
        }

    def copy(self) -> "Message":
        """Return a message with a deep copy of the content, for the same turn and connection."""
        copied = type(self)(deepcopy(self.content), self.channel_name, self.channel_layer, self.turn)
        copied._session_state = self._session_state
        return copied

    def __getitem__(self, key: str) -> Any:
        return self.content[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.content[key] = value
        if key == "reply_channel":
            self._reply_channel = None

    def __contains__(self, key: object) -> bool:
        return key in self.content

    def get(self, key: str, default: Any = None) -> Any:
        return self.content.get(key, default)

    def keys(self) -> KeysView[str]:
        return self.content.keys()

    def values(self) -> ValuesView[Any]:
        return self.content.values()

    def items(self) -> ItemsView[str, Any]:
        return self.content.items()

    def __repr__(self) -> str:
        return f"<Message on {self.channel_name!r}>"
