"""System check of consumers that cannot be called with the arguments of their route."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning

from towpath.decorating import inner_consumer
from towpath.generic import BaseConsumer
from towpath.generic.websockets import JsonWebsocketConsumer, WebsocketConsumer, WebsocketDemultiplexer
from towpath.routing import ListedRoute, name_of
from towpath.security.websockets import BaseOriginValidator

from .routes import sound_routers

Problem = tuple[str, str]

#: A placeholder for positional arguments: self, the message, the value of a frame.
_GIVEN = object()


def check_arguments(**_: Any) -> list[CheckMessage]:
    """Find consumers that do not take the arguments that their route gives them (W013)."""
    return [
        CheckWarning(
            f"{where}: {listed.route!r} calls {name} with {_shown(listed)}, which fails: {problem}.",
            hint="Name the parameters as the groups of the route's filters, or take **kwargs.",
            id="towpath.W013",
        )
        for where, router in sound_routers()
        for listed in router.listed()
        for name, problem in _problems(listed.route.consumer, listed.arguments())
    ]


def _shown(listed: ListedRoute) -> str:
    names = sorted(listed.arguments())
    return f"a message and {', '.join(names)}" if names else "a message alone"


def _problems(consumer: Callable[..., Any], names: frozenset[str]) -> Iterator[Problem]:
    """Yield the callables that do not take these keyword arguments, and the reason."""
    while (inner := _inside(consumer)) is not None:
        consumer = inner
    if isinstance(consumer, type) and issubclass(consumer, BaseConsumer):
        yield from _class_problems(consumer, names)
    elif isinstance(consumer, type) and inner_consumer(vars(consumer).get("__init__")) is not None:
        yield from _method_problems(consumer, "__init__", (_GIVEN,), names)
    else:
        yield from _call_problems(consumer, (_GIVEN,), names)


def _class_problems(consumer: type[BaseConsumer], names: frozenset[str]) -> Iterator[Problem]:
    for method in sorted(set(consumer.method_mapping.values())):
        yield from _method_problems(consumer, method, (_GIVEN,), names)
    if not issubclass(consumer, WebsocketConsumer):
        return
    yield from _method_problems(consumer, "connection_groups", (), names)
    yield from _method_problems(consumer, "connect", (_GIVEN,), names)
    yield from _method_problems(consumer, "disconnect", (_GIVEN,), names)
    if issubclass(consumer, JsonWebsocketConsumer):
        yield from _method_problems(consumer, "receive", (_GIVEN,), names)
    else:
        yield from _method_problems(consumer, "receive", (), names | {"text"})
    if issubclass(consumer, WebsocketDemultiplexer):
        for stream in consumer.consumers.values():
            yield from _problems(stream, names | {"multiplexer"})


def _method_problems(
    consumer: type, method: str, given: tuple[object, ...], names: frozenset[str]
) -> Iterator[Problem]:
    found = inspect.getattr_static(consumer, method, None)
    if inspect.isfunction(found):
        while (inner := _inside(found)) is not None:
            found = inner
        yield from _call_problems(found, (_GIVEN, *given), names)


def _call_problems(call: Callable[..., Any], given: tuple[object, ...], names: frozenset[str]) -> Iterator[Problem]:
    try:
        signature = inspect.signature(call, follow_wrapped=False)  # a wrapper of the project's may add arguments
    except (TypeError, ValueError):
        return  # it does not tell
    try:
        signature.bind(*given, **dict.fromkeys(names))
    except TypeError as error:
        yield name_of(call), str(error)


def _inside(consumer: Any) -> Callable[..., Any] | None:
    """Return the consumer inside a decorator of Towpath; None if the outermost decorator is not one."""
    if isinstance(consumer, BaseOriginValidator):
        return consumer.func
    return inner_consumer(consumer)
