"""Bindings over one stream of a WebSocket.

| direction | text of the frame |
|---|---|
| outbound | `{"stream", "payload": {"action", "pk", "data": {field: value}, "model": "app.model"}}` |
| inbound | `{"stream", "payload": {"action", "pk" (but for "create"), "data" (but for "delete")}}` |

The actions are "create", "update" and "delete".
"""

import json
from collections.abc import Collection
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model

from towpath.channels import InvalidFrame, Message
from towpath.generic.websockets import WebsocketMultiplexer
from towpath.layers.contract import Content
from towpath.layers.errors import ConfigurationError
from towpath.layers.protocol import RECEIVE

from .base import Binding
from .declaration import check_stream, sent_fields
from .values import as_json, serialized

__all__ = ["WebsocketBinding", "WebsocketBindingWithMembers"]


class WebsocketBinding(Binding):
    """Binds a model to a stream of a `WebsocketDemultiplexer`: subclasses set `model`, `stream` and `fields`.

    They define `group_names`, and `has_permission` if clients may change the model.
    """

    model: type[Model] | str | None = None
    #: As in 1.x, opens `message.channel_session`. Events of a connection are in order without it.
    strict_ordering: bool = False

    @classmethod
    def check(cls) -> None:
        """Check the stream.

        Raises:
            ConfigurationError: it is missing, or 1.x's `slight_ordering` is set.
        """
        check_stream(cls)
        if getattr(cls, "slight_ordering", False):
            raise ConfigurationError(
                f"{cls.__qualname__}.slight_ordering was removed: take it out, events of a connection are in order"
            )
        super().check()

    @classmethod
    def encode(cls, stream: str | None, payload: Any) -> Content:
        """Return the message that sends a payload on a stream."""
        return WebsocketMultiplexer.encode(str(stream), payload)

    def serialize(self, instance: Any, action: str) -> Any:
        """Return the payload of a change."""
        return {
            "action": action,
            "pk": instance.pk,
            "data": self.serialize_data(instance),
            "model": self.model_label,
        }

    def serialize_data(self, instance: Any) -> dict[str, Any]:
        """Return the values of the fields that clients see, as JSON has them."""
        return serialized(instance, sent_fields(type(self), self.bound()))

    @classmethod
    def trigger_inbound(cls, message: Message, **kwargs: Any) -> None:
        """Make the change that a frame requests; ignore the opening and closing of sockets."""
        if message.channel_name == RECEIVE:
            super().trigger_inbound(message, **kwargs)

    @classmethod
    def get_handler(cls) -> Any:
        """Return the callable that handles a frame."""
        if cls.strict_ordering and not cls.channel_session_user:
            from towpath.sessions import enforce_ordering

            return enforce_ordering(cls.trigger_inbound)
        return super().get_handler()

    def deserialize(self, message: Message) -> tuple[str, Any, Any]:
        """Return action, key and data of a frame.

        Raises:
            InvalidFrame: it is not a JSON object with an action (a ValueError).
        """
        text = message.get("text")
        try:
            payload = json.loads(text) if isinstance(text, str) else None
        except (ValueError, RecursionError) as error:
            raise InvalidFrame(f"a change of a bound model is JSON: {error}") from error
        if not isinstance(payload, dict) or "action" not in payload:
            raise InvalidFrame('a change of a bound model is a JSON object {"action": text, "pk": key, "data": object}')
        return payload["action"], payload.get("pk"), payload.get("data")


class WebsocketBindingWithMembers(WebsocketBinding):
    """Sends members of a row in addition to its fields: properties, attributes, methods without arguments."""

    model: type[Model] | str | None = None
    #: Names of members; "harbour.name" follows a path, and is sent as "harbour__name". None on the way gives None.
    send_members: Collection[str] = ()
    #: The JSON encoder of the members' values.
    encoder: json.JSONEncoder = DjangoJSONEncoder()

    @classmethod
    def check(cls) -> None:
        """Check `send_members`.

        Raises:
            ConfigurationError: it is not a list of names.
        """
        names: Any = cls.send_members
        if isinstance(names, str) or not all(isinstance(name, str) and name for name in names):
            raise ConfigurationError(
                f'{cls.__qualname__}.send_members is a list of names, such as ["length", "harbour.name"], not {names!r}'
            )
        super().check()

    def serialize_data(self, instance: Any) -> dict[str, Any]:
        """Return the values of fields and of members."""
        members = {name.replace(".", "__"): _member(instance, name) for name in self.send_members}
        return super().serialize_data(instance) | as_json(members, self.encoder)


def _member(instance: Any, path: str) -> Any:
    found = instance
    for name in path.split("."):
        if found is None:
            return None
        try:
            found = getattr(found, name)
        except ObjectDoesNotExist as error:
            if isinstance(error, AttributeError):  # Django's own, of a relation without a row on the other side
                return None
            raise
    return found() if callable(found) else found
