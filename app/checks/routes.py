"""System checks of routes that can be imported and still never get a message."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning

from towpath.layers.errors import ConfigurationError
from towpath.layers.protocol import CONNECT, DISCONNECT, HTTP_DISCONNECT, HTTP_REQUEST, RECEIVE
from towpath.routing import ListedRoute, Router

from .settings import sound_layers

#: Channel -> the keys of its messages that hold text or bytes, which filters can match.
TEXT_KEYS: Mapping[str, tuple[str, ...]] = {
    HTTP_REQUEST: (
        "body",
        "body_channel",
        "http_version",
        "method",
        "path",
        "query_string",
        "reply_channel",
        "root_path",
        "scheme",
    ),
    HTTP_DISCONNECT: ("path", "reply_channel"),
    CONNECT: ("path", "query_string", "reply_channel", "root_path", "scheme"),
    RECEIVE: ("bytes", "path", "reply_channel", "text"),
    DISCONNECT: ("path", "reply_channel"),
}


def check_routes(**_: Any) -> list[CheckMessage]:
    """Find routes that no message reaches: behind an earlier one (W004), or by a filter that never matches (W005)."""
    return [message for where, router in sound_routers() for message in _route_messages(where, router.listed())]


def sound_routers() -> Iterator[tuple[str, Router]]:
    """Yield the routers of all layers, with the setting of each."""
    for alias, layer in sound_layers():
        try:
            router = Router(layer.routing)
        except ConfigurationError:
            continue  # check_layers reports the error
        yield f"CHANNEL_LAYERS[{alias!r}]['ROUTING']", router


def _route_messages(where: str, routes: list[ListedRoute]) -> Iterator[CheckMessage]:
    for index, listed in enumerate(routes):
        yield from _shadowed(where, routes[:index], listed)
        yield from _never_matching(where, listed)


def _shadowed(where: str, before: list[ListedRoute], listed: ListedRoute) -> Iterator[CheckMessage]:
    for channel in sorted(listed.route.channel_names()):
        for earlier in before:
            if channel in earlier.route.channel_names() and _covers(earlier, listed):
                yield CheckWarning(
                    f"{where}: {listed.route!r} never gets a message on {channel!r}: {earlier.route!r}, which comes "
                    "before it, takes all that it would match.",
                    hint="Take one of the two out, give them filters that differ, or put the more special one first.",
                    id="towpath.W004",
                )
                break


def _covers(earlier: ListedRoute, later: ListedRoute) -> bool:
    """Return whether the filters of one route match all messages that those of a later one match."""
    if not earlier.route.filters:
        return later.prefixes[: len(earlier.prefixes)] == earlier.prefixes
    return earlier.prefixes == later.prefixes and earlier.route.filters.items() <= later.route.filters.items()


def _never_matching(where: str, listed: ListedRoute) -> Iterator[CheckMessage]:
    filtered = {key for filters in (*listed.prefixes, listed.route.filters) for key in filters}
    for channel in sorted(listed.route.channel_names() & TEXT_KEYS.keys()):
        for key in sorted(filtered.difference(TEXT_KEYS[channel])):
            yield CheckWarning(
                f"{where}: a message on {channel!r} has no text under {key!r}, so {listed.route!r} never gets one.",
                hint=f"Take the filter out, or filter on one of {', '.join(TEXT_KEYS[channel])}.",
                id="towpath.W005",
            )
