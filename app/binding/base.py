"""The base class of bindings: outbound, changes of a model are sent to groups; inbound, frames change the model."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model

from towpath.auth import channel_session_user
from towpath.channels import InvalidFrame, Message
from towpath.layers.client_log import ClientLog, excerpt
from towpath.layers.contract import Content
from towpath.layers.errors import ConfigurationError
from towpath.sessions import channel_session

from . import registry
from .changes import encoded, send_at_commit
from .declaration import bound_model, check_fields
from .declared import ACTIONS, CREATE, DELETE, UPDATE
from .observing import observe
from .receivers import Receivers
from .rows import takes_action
from .writing import create_row, delete_row, update_row

__all__ = ["CREATE", "DELETE", "UPDATE", "Binding", "BindingMetaclass"]

if TYPE_CHECKING:  # it is made of models, which are not there yet when bindings are declared beside them
    from django.core.exceptions import ValidationError

#: Refused changes of clients.
refused = ClientLog(logging.getLogger(__name__))

#: Methods of bindings of Channels 1.x that are not called here, and their replacements.
NOT_CALLED = {
    "get_registered_models": "set `model`; write one binding for each model",
    "_hydrate": "override create(data) and update(pk, data)",
}


class BindingMetaclass(type):
    """Registers each binding that is declared, or keeps it until Django's models are ready."""

    #: Whether the application "towpath" has been ready.
    register_immediately = False

    def __init__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> None:
        super().__init__(name, bases, body)
        if "model" in body and body["model"] is None:
            return  # abstract
        if apps.models_ready and (apps.ready or BindingMetaclass.register_immediately):
            cls.register()  # type: ignore[attr-defined]  # each of its classes is a Binding
        else:
            registry.waiting.append(cls)  # type: ignore[arg-type]  # the same

    @staticmethod
    def register_all() -> None:
        """Register the waiting bindings. The application "towpath" calls this when Django is ready."""
        BindingMetaclass.register_immediately = True
        while registry.waiting:
            registry.waiting.pop(0).register()


class Binding(Receivers, metaclass=BindingMetaclass):
    """Binds a model to the groups of sockets that show it.

    Outbound: `group_names(instance)` returns the groups of a row. When the row changes, each of these groups gets
    `encode(stream, serialize(instance, action))` at the commit. Inbound: `consumer` takes messages of clients, calls
    `has_permission`, and changes rows.

    A class with `model = None` in its own body is abstract.
    """

    #: The model, or "app.Model".
    model: type[Model] | str | None = None
    #: Names of the fields that clients see and may set; ["__all__"]: all. Or `exclude`: all but these.
    fields: Collection[str] | None = None
    exclude: Collection[str] | None = None
    #: Name of the stream of its frames.
    stream: str | None = None
    #: Open `message.channel_session` and `message.user` around changes of clients.
    channel_session_user: bool = True
    #: Open `message.channel_session` only.
    channel_session: bool = False

    #: Do not warn that `QuerySet.update`, `bulk_update` and `bulk_create` of the model are not observed.
    ignores_bulk_operations: bool = False

    #: "app.model", in lower case.
    model_label: str
    #: During a send: the arguments of Django's signal; "instance" is the object that was saved or deleted.
    signal_kwargs: Mapping[str, Any] | None = None
    #: A list that collects messages instead of sending them, while a deletion is prepared.
    held: list[tuple[Content, Collection[str]]] | None = None
    #: During a client's change: its message, the arguments of its consumer, its user, its data.
    message: Message
    kwargs: Mapping[str, Any]
    user: Any
    action: str
    pk: Any
    data: Any

    @classmethod
    def register(cls) -> None:
        """Check this class, and begin to observe changes of its model.

        Raises:
            ConfigurationError: an attribute is wrong; says which.
        """
        cls.model = model = bound_model(cls)
        cls.model_label = model._meta.label_lower
        check_fields(cls, model)
        cls.check()
        registry.add(cls, model)
        observe(model)

    @classmethod
    def check(cls) -> None:
        """Check the attributes that subclasses add. Raises ConfigurationError."""
        missing = [name for name in ("group_names", "serialize", "encode") if not _is_defined(cls, name)]
        if missing:
            raise ConfigurationError(f"{cls.__qualname__} does not define {', '.join(missing)}: see towpath.binding")
        ignored = [name for name in NOT_CALLED if hasattr(cls, name)]
        if ignored:
            raise ConfigurationError(f"{cls.__qualname__}.{ignored[0]} is not called: {NOT_CALLED[ignored[0]]}")
        takes_action(cls.group_names)

    @classmethod
    def bound(cls) -> type[Model]:
        """Return the model.

        Raises:
            ConfigurationError: the class is abstract, Django is not set up, or INSTALLED_APPS lacks "towpath".
        """
        if isinstance(cls.model, type) and "model_label" in vars(cls):
            return cls.model
        raise ConfigurationError(
            f'{cls.__qualname__} is not registered: give it a model, and put "towpath" into INSTALLED_APPS'
        )

    # Outbound: what subclasses define.

    @classmethod
    def group_names(cls, instance: Any) -> Iterable[str]:
        """Return the names of the groups of this row."""
        _not_defined(cls, "group_names(cls, instance), a classmethod that returns a list of names of groups")

    def serialize(self, instance: Any, action: str) -> Any:
        """Return the payload of a change ("create", "update", "delete"); {} sends nothing."""
        _not_defined(type(self), "serialize(self, instance, action), which returns a dict")

    @classmethod
    def encode(cls, stream: str | None, payload: Any) -> Content:
        """Return the message that sends a payload."""
        _not_defined(cls, "encode(cls, stream, payload), a classmethod that returns a message")

    def send_messages(
        self, instance: Any, group_names: Collection[str], action: str, using: str | None = None, **signal_kwargs: Any
    ) -> None:
        """Serialize a change of a row, and send it to groups when the transaction in the database `using` is committed.

        `using` None: the database of the instance. `signal_kwargs` replace those of the binding.

        Raises:
            ConfigurationError: `serialize` returns nothing.
            InvalidName: of a group.
            EncodeError, MessageTooLarge: the message cannot be sent.
        """
        if not group_names:
            return
        if signal_kwargs:
            self.signal_kwargs = {**signal_kwargs, "using": using}
        payload = self.serialize(instance, action)
        if payload is None:
            raise ConfigurationError(
                f"{type(self).__qualname__}.serialize returned None: return a dict, {{}} to send nothing"
            )
        if payload == {}:
            return
        content = encoded(type(self), payload, group_names)
        if self.held is None:
            send_at_commit(content, group_names, using or instance._state.db or DEFAULT_DB_ALIAS)
        else:
            self.held.append((content, group_names))

    @classmethod
    def sends_by_default(cls) -> bool:
        """Return whether `send_messages` is the one of this class."""
        return cls.send_messages is Binding.send_messages

    # Inbound.

    @classmethod
    def consumer(cls, message: Message, **kwargs: Any) -> None:
        """Take a message of a client: the consumer of `WebsocketDemultiplexer.consumers`, or of a route."""
        cls.get_handler()(message, **kwargs)

    @classmethod
    def get_handler(cls) -> Callable[..., None]:
        """Return the callable that handles a client's message; override it to add decorators."""
        if cls.channel_session_user:
            return channel_session_user(cls.trigger_inbound)
        return channel_session(cls.trigger_inbound) if cls.channel_session else cls.trigger_inbound

    @classmethod
    def trigger_inbound(cls, message: Message, **kwargs: Any) -> None:
        """Make the change that a message requests.

        Raises:
            InvalidFrame: the message requests none (a ValueError).
        """
        from django.contrib.auth.models import AnonymousUser  # models cannot be imported before Django is set up

        self = cls()
        self.message, self.kwargs = message, kwargs
        self.user = getattr(message, "user", None) or AnonymousUser()
        self.action, self.pk, self.data = self.deserialize(message)
        self.run_action(self.action, self.pk, self.data)

    def deserialize(self, message: Message) -> tuple[str, Any, Any]:
        """Return action, primary key (None for "create") and data of a message."""
        _not_defined(type(self), "deserialize(self, message), which returns (action, pk, data)")

    def has_permission(self, user: Any, action: str, pk: Any) -> bool:
        """Return whether a user may do this. `pk` is as the client sent it, and so is `self.data`."""
        _not_defined(type(self), "has_permission(self, user, action, pk), which tells what clients may do")

    def run_action(self, action: str, pk: Any, data: Any) -> None:
        """Make a change if its user has permission.

        Raises:
            InvalidFrame: there is no such action, or it lacks its key or its data (a ValueError).
        """
        if action not in ACTIONS:
            raise InvalidFrame(f"a bound model can be changed by {', '.join(ACTIONS)}, not by {excerpt(action)}")
        if action != "create" and pk is None:
            raise InvalidFrame(f"{action!r} comes without pk")
        if action != "delete" and not isinstance(data, dict):
            raise InvalidFrame(f"{action!r} comes with data, a dict of fields and values, not {type(data).__name__}")
        if not self.has_permission(self.user, action, pk):
            self.refused(action, pk, None)
        elif action == "create":
            self.create(data)
        elif action == "update":
            self.update(pk, data)
        else:
            self.delete(pk)

    def create(self, data: dict[str, Any]) -> None:
        """Create a row from the fields that clients may set."""
        create_row(self, data)

    def update(self, pk: Any, data: dict[str, Any]) -> None:
        """Set the fields of a row that clients may set."""
        update_row(self, pk, data)

    def delete(self, pk: Any) -> None:
        """Delete a row."""
        delete_row(self, pk)

    def validate(self, instance: Any, names: Collection[str]) -> None:
        """Check a row on which a client has set the fields `names`, before it is saved: their values, and constraints.

        Raises:
            ValidationError: the row is not valid.
        """
        is_new = instance._state.adding
        instance.clean_fields(exclude={field.name for field in instance._meta.fields if not is_new} - set(names))
        instance.clean()
        instance.validate_unique()
        instance.validate_constraints()

    def refused(self, action: str, pk: Any, error: "ValidationError | None") -> None:
        """Handle a refused change: not permitted (`error` None), or with invalid values.

        It is logged; override this to notify the client.
        """
        reason = "not permitted" if error is None else f"wrong {sorted(getattr(error, 'error_dict', {})) or 'values'}"
        refused.log(logging.INFO, f"{type(self).__qualname__}: refused to {action} a {self.model_label}: {reason}")

    @classmethod
    def check_stream_consumer(cls, stream: str, consumer: object) -> None:
        """Check that a demultiplexer may pass this stream to `consumer`, which is of this class.

        Raises:
            ConfigurationError: it must not; says why.
        """
        name = cls.__qualname__
        if consumer is cls:
            raise ConfigurationError(f"{name} is not a consumer: write {{{stream!r}: {name}.consumer}}")
        if cls.stream != stream:
            raise ConfigurationError(
                f"{name} sends on the stream {cls.stream!r}, and is the consumer of {stream!r}: give both one name"
            )
        if not _is_defined(cls, "has_permission"):
            raise ConfigurationError(
                f"{name}.consumer takes changes from clients: define has_permission(self, user, action, pk)"
            )


def _is_defined(binding: type[Binding], name: str) -> bool:
    found, ours = getattr(binding, name), getattr(Binding, name)
    return getattr(found, "__func__", found) is not getattr(ours, "__func__", ours)


def _not_defined(binding: type[Binding], what: str) -> NoReturn:
    raise NotImplementedError(f"{binding.__qualname__}: define {what}")
