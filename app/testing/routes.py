"""Replacement of the routes for one test."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ContextDecorator, contextmanager
from functools import wraps
from typing import Any

from towpath.channels.configured import DEFAULT_CHANNEL_LAYER, channel_layers
from towpath.routing import Router


class apply_routes(ContextDecorator):  # noqa: N801  # a function to its users, and the name of 1.x
    """Route the layers of `aliases` by `routes` alone: in a `with` block, a function, or each test of a class.

    `routes` is what ROUTING may be: a route, a list of them (or of lists), a dict, or a dotted path.

    Raises:
        RoutingError: it is not a routing.
    """

    def __init__(self, routes: object, aliases: Sequence[str] = (DEFAULT_CHANNEL_LAYER,)) -> None:
        if isinstance(aliases, str):
            raise TypeError(f'aliases is a list of layers, such as ["default"], not {aliases!r}')
        self._routes = flat(routes)
        self._aliases = list(aliases)
        self._entered: list[Any] = []
        Router(self._routes)

    def __enter__(self) -> "apply_routes":
        context = self._applied()
        context.__enter__()
        self._entered.append(context)
        return self

    def __exit__(self, *error: Any) -> None:
        self._entered.pop().__exit__(*error)

    def __call__(self, decorated: Any) -> Any:
        return self._decorated_class(decorated) if isinstance(decorated, type) else super().__call__(decorated)

    @contextmanager
    def _applied(self) -> Iterator[None]:
        layers = [channel_layers[alias] for alias in self._aliases]
        before = [layer.routing for layer in layers]
        for layer in layers:
            layer.routing = self._routes
        try:
            yield
        finally:
            for layer, routing in zip(layers, before, strict=True):
                layer.routing = routing

    def _decorated_class(self, decorated: type) -> type:
        """Decorate `setUp` of a test case, so that it has the routes too; the tests themselves of any other class."""
        if hasattr(decorated, "addCleanup") and hasattr(decorated, "setUp"):
            decorated.setUp = self._before(decorated.setUp)
            return decorated
        for name, member in list(vars(decorated).items()):
            if name.startswith("test") and callable(member):
                setattr(decorated, name, super().__call__(member))
        return decorated

    def _before(self, set_up: Callable[[Any], None]) -> Callable[[Any], None]:
        @wraps(set_up)
        def with_routes(case: Any) -> None:
            context = self._applied()
            context.__enter__()
            case.addCleanup(context.__exit__, None, None, None)
            set_up(case)

        return with_routes


def flat(routes: object) -> object:
    """Return lists of lists of routes, as 1.x took them, as one list, and one route as a list of it."""
    if isinstance(routes, (str, dict)):
        return routes
    if not isinstance(routes, (list, tuple)):
        return [routes]
    found: list[object] = []
    for route in routes:
        inner = flat(route) if isinstance(route, (list, tuple)) else [route]
        found += inner if isinstance(inner, list) else [inner]
    return found
