"""Class consumers: creating an instance handles one message.

Errors in a class are raised when it is defined or routed, not at the first message.
"""

from collections.abc import Callable, Mapping
from typing import Any

from towpath.auth import channel_session_user
from towpath.channels import Message
from towpath.decorating import subclass
from towpath.layers.errors import ConfigurationError
from towpath.routing import RouteClass, route_class
from towpath.sessions import channel_session

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class BaseConsumer:
    """Hands each message to the method that `method_mapping` names for its channel.

    Each message gets a new instance: keep state between messages in `message.channel_session`. `kwargs` are the named
    groups of its route.
    """

    #: Channel -> name of the method for its messages.
    method_mapping: Mapping[str, str] = {}
    #: Open `message.channel_session` around each method.
    channel_session: bool = False
    #: The same, and `message.user` out of it.
    channel_session_user: bool = False

    def __init__(self, message: Message, **kwargs: Any) -> None:
        self.message = message
        self.kwargs = kwargs
        self.dispatch(message, **kwargs)

    @classmethod
    def channel_names(cls) -> set[str]:
        """Return the channels that are handled.

        Raises:
            ConfigurationError: a method of `method_mapping` is not there.
        """
        for channel, method in cls.method_mapping.items():
            if not callable(getattr(cls, method, None)):
                raise ConfigurationError(
                    f"{cls.__qualname__} has no method {method!r}, which its method_mapping names for {channel!r}: "
                    "define it, or take the channel out"
                )
        return set(cls.method_mapping)

    @classmethod
    def as_route(cls, attrs: Mapping[str, Any] | None = None, **filters: Any) -> RouteClass:
        """Return a route to this class, or to a subclass of it with these `attrs`; filters as in `route_class`.

        Raises:
            ConfigurationError: `attrs` is not a dict of attributes.
            RoutingError: a filter is wrong.
        """
        if not attrs:
            return route_class(cls, **filters)
        if not isinstance(attrs, Mapping):
            raise ConfigurationError(
                f'{cls.__qualname__}.as_route: attrs is a dict of attributes, such as {{"groups": ["chat"]}}, '
                f"not {attrs!r}; filters are keyword arguments, such as path=..."
            )
        return route_class(subclass(cls, **attrs), **filters)

    def get_handler(self, message: Message, **kwargs: Any) -> Callable[..., Any]:
        """Return the callable that handles the message; override it to decorate all methods.

        Raises:
            ValueError: the class does not handle messages on this channel.
        """
        method = self.method_mapping.get(message.channel_name)
        if method is None:
            raise ValueError(
                f"{type(self).__qualname__} handles no messages on {message.channel_name!r}: "
                f"its method_mapping has {sorted(self.method_mapping)}"
            )
        handler: Callable[..., Any] = getattr(self, method)
        decorator = self._decorator()
        return handler if decorator is None else decorator(handler)

    def dispatch(self, message: Message, **kwargs: Any) -> Any:
        """Handle the message."""
        return self.get_handler(message, **kwargs)(message, **kwargs)

    def _decorator(self) -> Decorator | None:
        """Return the decorator that opens the sessions which the attributes demand."""
        if self.channel_session_user:
            return channel_session_user
        return channel_session if self.channel_session else None
