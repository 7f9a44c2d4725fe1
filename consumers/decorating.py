"""Making decorators for consumers: something is opened for the message before the consumer, and closed after it.

Such a decorator works on functions, on methods, and on classes that are consumers.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any, TypeVar, cast

from towpath.channels import Message

AnyConsumer = TypeVar("AnyConsumer", bound=Callable[..., Any])


def find_message(arguments: tuple[Any, ...], consumer: Callable[..., Any]) -> Message:
    """Return the message among the first two positional arguments: a method's is the second.

    Raises:
        ValueError: there is none.
    """
    for argument in arguments[:2]:
        if isinstance(argument, Message):
            return argument
    name = getattr(consumer, "__qualname__", repr(consumer))
    raise ValueError(f"{name} was called without a Message as its first argument (after self): it is not a consumer")


def opening(context: Callable[[Message], AbstractContextManager[None]]) -> Callable[[AnyConsumer], AnyConsumer]:
    """Return a decorator that runs consumers inside `context(message)`."""

    def decorate(consumer: AnyConsumer) -> AnyConsumer:
        if isinstance(consumer, type):  # calling it is consuming: wrap what the call runs
            run: Callable[..., Any] = consumer.__init__  # type: ignore[misc]  # the one of this very class is meant
            own = {"__init__": decorate(run), "__module__": consumer.__module__, "__qualname__": consumer.__qualname__}
            return cast(AnyConsumer, type(consumer)(consumer.__name__, (consumer,), own))

        @wraps(consumer)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with context(find_message(args, consumer)):
                return consumer(*args, **kwargs)

        return cast(AnyConsumer, inside)

    return decorate


def hang(message: Message, **attributes: Any) -> None:
    """Set attributes that consumers find on their message."""
    vars(message).update(attributes)
