"""The metrics of an interface server, read out of its parts on request."""

from typing import TYPE_CHECKING

from towpath.layers.monitoring import Family
from towpath.layers.monitoring.measures import single

from ..connections import unfinished
from ..counters import Count

if TYPE_CHECKING:
    from ..hub import Hub

PREFIX = "towpath_interface"


def families_of(hub: "Hub", http_connections: int) -> list[Family]:
    """Return the metrics of one server but those of `actions`."""
    sockets, waiting, out = unfinished(hub.connections)
    outbound, availability = hub.outbound, hub.availability
    connections = [(("http",), http_connections), (("websocket",), sockets)]
    dropped = [((what.name.lower(),), hub.counters.totals[what]) for what in Count]
    return [
        Family(f"{PREFIX}_connections", "gauge", "Open connections", ("protocol",), connections),
        single(f"{PREFIX}_requests_open", "gauge", "Requests whose response is not complete", hub.requests.used_amount),
        Family(
            f"{PREFIX}_events_unfinished",
            "gauge",
            "Events of clients: waiting in this process, or sent and not settled by a worker",
            ("state",),
            [(("waiting",), waiting), (("sent",), out)],
        ),
        single(f"{PREFIX}_streams", "gauge", "Responses that have begun and are not complete", _streams(hub)),
        single(f"{PREFIX}_groups", "gauge", "Groups with members in this process", hub.edge.group_count),
        single(f"{PREFIX}_events_sent", "counter", "Events sent to the channel layer", outbound.sent_count),
        single(f"{PREFIX}_events_received", "counter", "Entries read from the inbox", hub.counters.received),
        Family(f"{PREFIX}_dropped", "counter", "Refused, dropped or cut off, by reason", ("reason",), dropped),
        single(f"{PREFIX}_layer_up", "gauge", "Whether the channel layer answers", float(not availability.is_away)),
        single(f"{PREFIX}_layer_outages", "counter", "Times that the layer became unavailable", availability.outages),
    ]


def _streams(hub: "Hub") -> int:
    return sum(getattr(conversation.owner, "is_streaming", False) for conversation in hub.connections)
