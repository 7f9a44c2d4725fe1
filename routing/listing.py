"""All routes of a router with their prefixes, for checks and explanations of the routing."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .errors import RoutingError
from .filters import Filters, Pattern
from .include import Include
from .match import Routing
from .path_syntax import PATH_KEY, can_begin_with_slash, is_path
from .route import Route


@dataclass(frozen=True, slots=True)
class ListedRoute:
    """A route, and the filters of the includes around it, the outermost first."""

    route: Route
    prefixes: tuple[Mapping[str, Pattern], ...] = ()

    def arguments(self) -> frozenset[str]:
        """Return the names of the arguments that the consumer gets beside the message."""
        every = (Filters(patterns, repr(self.route)) for patterns in (*self.prefixes, self.route.filters))
        return frozenset(name for filters in every for name in filters.argument_names())


def listed_routes(
    objects: Iterable[Routing], prefixes: tuple[Mapping[str, Pattern], ...] = ()
) -> Iterator[ListedRoute]:
    """Yield the routes in the order they are tried, without those inside a project's own routing objects."""
    for entry in objects:
        if isinstance(entry, Include):
            inside = (*prefixes, entry.filters) if entry.filters else prefixes
            yield from listed_routes(entry.table.objects, inside)
        elif isinstance(entry, Route):
            yield ListedRoute(entry, prefixes)


def check_paths(objects: Iterable[Routing]) -> None:
    """Check the paths that are compared with the whole path of a message, not with its rest behind a prefix.

    Raises:
        RoutingError: one does not begin with a slash, so it can match nothing.
    """
    for entry in objects:
        if not isinstance(entry, Include | Route):
            continue
        path = entry.filters.get(PATH_KEY)
        if path is None and isinstance(entry, Include):
            check_paths(entry.table.objects)
        elif isinstance(path, str) and is_path(PATH_KEY, path, repr(entry)) and not can_begin_with_slash(path):
            raise RoutingError(
                f"{entry!r}: the path {path!r} matches nothing: paths begin with a slash, {'/' + path!r}"
            )
