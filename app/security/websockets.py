"""Origin checks in the application, for consumers of `websocket.connect`.

The interface server refuses foreign origins by itself. These checks use data that it does not have: ALLOWED_HOSTS, or a
rule of the project's own. Port and scheme of an origin are not compared.
"""

from collections.abc import Callable
from functools import partial, update_wrapper, wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host

from towpath.channels import DenyConnection, Message
from towpath.channels.events import headers_of
from towpath.decorating import check_decorated, find_message, subclass
from towpath.layers.protocol import CONNECT

__all__ = ["AllowedHostsOnlyOriginValidator", "BaseOriginValidator", "allowed_hosts_only"]

#: What an empty ALLOWED_HOSTS means while DEBUG is on, as in Django.
_DEBUG_HOSTS = (".localhost", "127.0.0.1", "[::1]")


class BaseOriginValidator:
    """Decorates a consumer of `websocket.connect`; subclasses define `validate_origin`.

    On a class that is a consumer it checks `websocket.connect` alone: later events have no origin.
    """

    def __new__(cls, func: Callable[..., Any]) -> Any:
        """Return a validator, or for a class a class."""
        return _checked_class(func, cls) if isinstance(func, type) else super().__new__(cls)

    def __init__(self, func: Callable[..., Any]) -> None:
        check_decorated(func, type(self).__name__)
        update_wrapper(self, func)
        self.func = func

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        """Bind like a function, so that methods can be decorated."""
        return self if instance is None else partial(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the consumer.

        Raises:
            DenyConnection: the origin is not valid.
        """
        message = find_message(args, self.func)
        origin = self.get_origin(message)
        if not self.validate_origin(message, origin):
            raise DenyConnection(f"{type(self).__name__} does not let pages of the origin {origin!r:.200} in")
        return self.func(*args, **kwargs)

    def validate_origin(self, message: Message, origin: str | None) -> bool:
        """Return whether a page of this origin may connect; None: there is no origin, several, or not in ASCII."""
        raise NotImplementedError(f"{type(self).__name__} has to define validate_origin(message, origin)")

    def get_origin(self, message: Message) -> str | None:
        """Return the origin of the handshake, if there is exactly one and it is ASCII."""
        values = [value for name, value in headers_of(message.content) if name.lower() == b"origin"]
        if len(values) != 1 or not values[0].isascii():
            return None
        origin: str = values[0].decode("ascii")
        return origin

    def get_header(self, message: Message, name: bytes) -> bytes | None:
        """Return the first header of this name, in lower case, or None."""
        return next((value for key, value in headers_of(message.content) if key.lower() == name), None)


class AllowedHostsOnlyOriginValidator(BaseOriginValidator):
    """Accepts pages from hosts in ALLOWED_HOSTS."""

    def validate_origin(self, message: Message, origin: str | None) -> bool:
        host = _host(origin or "")
        allowed = settings.ALLOWED_HOSTS
        if settings.DEBUG and not allowed:
            allowed = list(_DEBUG_HOSTS)
        return host is not None and validate_host(host, allowed)


def _checked_class(consumer: type, validator: type[BaseOriginValidator]) -> type:
    run: Callable[..., Any] = consumer.__init__  # type: ignore[misc]  # the one of this very class is meant
    checked = validator(run)

    @wraps(run)
    def consume(*args: Any, **kwargs: Any) -> None:
        is_handshake = find_message(args, consumer).channel_name == CONNECT
        (checked if is_handshake else run)(*args, **kwargs)

    return subclass(consumer, __init__=consume)


def _host(origin: str) -> str | None:
    try:
        host = urlsplit(origin).hostname
    except ValueError:  # brackets that do not hold an IPv6 address
        return None
    return f"[{host}]" if host is not None and ":" in host else host


allowed_hosts_only = AllowedHostsOnlyOriginValidator
