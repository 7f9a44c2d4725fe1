"""Decorators of consumers from context managers, which are entered before the consumer and exited after it.

Such a decorator works on functions, on methods, and on classes that are consumers. They stack in any order; two that
exclude each other, or one in a wrong place, raise an error when the consumer is defined.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from functools import wraps
from inspect import iscoroutinefunction
from types import FunctionType
from typing import Any, Protocol, TypeVar, cast
from weakref import WeakSet

from towpath.channels import Message
from towpath.layers.errors import ConfigurationError

AnyConsumer = TypeVar("AnyConsumer", bound=Callable[..., Any])

#: Attribute of a decorated consumer: the names of its decorators, the innermost first.
_NAMES = "__towpath_decorators__"

_FROM_COOKIE = frozenset({"channel_session_user_from_http", "channel_and_http_session_user_from_http"})
#: Decorators that exclude each other on one consumer, and the reason.
_RIVALS: tuple[tuple[frozenset[str], frozenset[str], str], ...] = (
    (
        frozenset({"token_user"}),
        frozenset({"http_session_user"}) | _FROM_COOKIE,
        "the one takes the user from a token, the other from a cookie: keep one",
    ),
)


class Decorator(Protocol):
    """Takes a consumer and returns one of the same kind."""

    def __call__(self, consumer: AnyConsumer, /) -> AnyConsumer:
        """Decorate a consumer."""


def find_message(arguments: tuple[Any, ...], consumer: Callable[..., Any]) -> Message:
    """Return the message that a consumer was called with: its first argument, the second of a method.

    Methods of class consumers that are called without it, such as `receive(content)`, have it as `self.message`.

    Raises:
        ValueError: there is none.
    """
    for argument in arguments[:2]:
        if isinstance(argument, Message):
            return argument
    message = getattr(arguments[0], "message", None) if arguments else None
    if isinstance(message, Message):
        return message
    name = getattr(consumer, "__qualname__", repr(consumer))
    raise ValueError(f"{name} was called without a Message as its first argument (after self): it is not a consumer")


def opening(name: str, context: Callable[[Message], AbstractContextManager[None]]) -> Decorator:
    """Return a decorator called `name` that runs consumers within `context(message)`."""

    def decorate(consumer: AnyConsumer) -> AnyConsumer:
        check_decorated(consumer, name)
        names = (*names_on(consumer), name)
        check_rivals((*names, *_names_of_attributes(consumer)), getattr(consumer, "__qualname__", repr(consumer)))
        if isinstance(consumer, type):  # calling it is consuming: wrap what the call runs
            run: Callable[..., Any] = consumer.__init__  # type: ignore[misc]  # the one of this very class is meant
            return cast(AnyConsumer, subclass(consumer, __init__=_inside(run, context), **{_NAMES: names}))
        inside = _inside(consumer, context)
        setattr(inside, _NAMES, names)
        return cast(AnyConsumer, inside)

    decorate.__name__ = decorate.__qualname__ = name
    return decorate


def _inside(consumer: Callable[..., Any], context: Callable[[Message], AbstractContextManager[None]]) -> Any:
    @wraps(consumer)
    def inside(*args: Any, **kwargs: Any) -> Any:
        with context(find_message(args, consumer)):
            return consumer(*args, **kwargs)

    _made.add(inside)
    return inside


#: The wrappers that `_inside` has made.
_made: "WeakSet[Callable[..., Any]]" = WeakSet()


def inner_consumer(consumer: object) -> Callable[..., Any] | None:
    """Return the function that a decorator of this module wraps; None if `consumer` is not such a wrapper."""
    if not isinstance(consumer, FunctionType) or consumer not in _made:
        return None
    inner: Callable[..., Any] = vars(consumer)["__wrapped__"]
    return inner


def subclass(consumer: type, /, **attributes: Any) -> type:
    """Return a class like `consumer`, under its name, with these attributes; the class itself stays as it is."""
    named = {"__module__": consumer.__module__, "__qualname__": consumer.__qualname__, "__doc__": consumer.__doc__}
    made: type = type(consumer)(consumer.__name__, (consumer,), named | attributes)
    return made


def check_decorated(consumer: object, name: str) -> None:
    """Check that a decorator is applied to a consumer.

    Raises:
        ConfigurationError: it is not; the message names the right place.
    """
    if isinstance(consumer, classmethod | staticmethod):
        kind = type(consumer).__name__
        raise ConfigurationError(f"@{name} stands above @{kind}: put @{kind} above it")
    if isinstance(consumer, str):
        raise ConfigurationError(f"{name}({consumer!r}): decorate the consumer itself, not its dotted path")
    if not callable(consumer):
        raise ConfigurationError(
            f"{name} decorates a consumer (a function, a method or a class), not {consumer!r}; "
            "to route a decorated one, write route(channel, decorated)"
        )
    if iscoroutinefunction(consumer):
        raise ConfigurationError(
            f"{name}: {getattr(consumer, '__qualname__', consumer)} is async, and consumers are plain functions"
        )


def names_on(consumer: object) -> tuple[str, ...]:
    """Return the names of the decorators that a consumer has, the innermost first."""
    names: tuple[str, ...] = getattr(consumer, _NAMES, ())
    return names


def _names_of_attributes(consumer: object) -> list[str]:
    """Return the names of the decorators that the attributes of a class consumer imply."""
    attributes = {
        "http_user": "channel_session_user_from_http",
        "http_user_and_session": "channel_and_http_session_user_from_http",
    }
    return [name for attribute, name in attributes.items() if getattr(consumer, attribute, False)]


def check_rivals(names: Iterable[str], consumer: str) -> None:
    """Check that decorators can be on one consumer.

    Raises:
        ConfigurationError: two of them exclude each other; says why, and which to keep.
    """
    present = set(names)
    for some, others, reason in _RIVALS:
        if present & some and present & others:
            pair = f"{min(present & some)} and {min(present & others)}"
            raise ConfigurationError(f"{pair} cannot both be on {consumer}: {reason}")


def hang(message: Message, **attributes: Any) -> None:
    """Set attributes that consumers find on their message."""
    vars(message).update(attributes)
