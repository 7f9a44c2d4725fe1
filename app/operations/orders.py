"""The orders of the admin's page: title, text of the confirmation, and action."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from towpath.layers.commands import SocketFilter
from towpath.layers.names import check_channel_name
from towpath.layers.protocol import HTTP_REQUEST, POLICY_VIOLATION

from . import draining, pausing, sockets
from .ordered_restart import begin_restart
from .site import OrderRefused, Site

#: The fields of all orders in the page's forms; an empty field counts as absent.
FIELDS = ("channel", "server", "host", "user", "group", "path", "seconds", "code")
Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Order:
    """One order. `give` returns the result as text; it raises `OrderRefused`, `InvalidName` and `LayerUnavailable`."""

    title: str
    question: str
    give: Callable[[Site, Fields], str]


def given_fields(sent: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of an order that have a value."""
    return {name: value for name in FIELDS if (value := sent.get(name, "").strip())}


def target_of(fields: Fields) -> str:
    """Return the channel, server or WebSockets of an order as readable text."""
    if "server" in fields:
        return fields["server"]
    named = {"host": "the workers of {}", "channel": "{}", "user": "user {}", "group": "group {}", "path": "path {}"}
    return ", ".join(text.format(fields[name]) for name, text in named.items() if name in fields)


def filter_of(fields: Fields) -> SocketFilter:
    """Return the WebSockets that the fields select."""
    return SocketFilter(fields.get("channel"), fields.get("user"), fields.get("group"), fields.get("path"))


def _pause(site: Site, fields: Fields) -> str:
    channel, seconds = _channel(fields), _number(fields, "seconds")
    if channel == HTTP_REQUEST and seconds is None:
        raise OrderRefused(
            f"A pause of {HTTP_REQUEST} needs a number of seconds here: this page is answered through it"
        )
    return pausing.pause(site, channel, seconds, apply_seconds=0).report().partition("\n")[0]


def _resume(site: Site, fields: Fields) -> str:
    channel = _channel(fields)
    if not site.administration.resume(channel):
        raise OrderRefused(f"{channel} is not paused")
    return f"{channel} is resumed"


def _purge(site: Site, fields: Fields) -> str:
    channel = check_channel_name(_channel(fields))
    return f"{site.survey.purge(channel)} messages of {channel} were dropped"


def _kick(site: Site, fields: Fields) -> str:
    code = _number(fields, "code")
    count, answers = sockets.close_sockets(site, filter_of(fields), POLICY_VIOLATION if code is None else int(code), "")
    answers.check()
    return f"{count} WebSockets were closed"


def _drain(site: Site, fields: Fields) -> str:
    draining.drain(site, fields.get("server", ""))
    return f"{fields['server']} drains: it closes its WebSockets and ends"


def _restart(site: Site, fields: Fields) -> str:
    count = begin_restart(site.survey, fields.get("host", ""))
    return f"{count} workers of {fields['host']} are restarted, one after the other"


def _channel(fields: Fields) -> str:
    if "channel" not in fields:
        raise OrderRefused("name the channel")
    return fields["channel"]


def _number(fields: Fields, name: str) -> float | None:
    text = fields.get(name)
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        raise OrderRefused(f"{name} is a number, not {text[:20]!r}") from None


ORDERS: Mapping[str, Order] = {
    "pause": Order(
        "Pause", "Workers take no messages from it until it is resumed; its messages wait, and may expire.", _pause
    ),
    "resume": Order("Resume", "Workers take messages from it again.", _resume),
    "purge": Order("Purge", "All messages that wait in it are dropped. They cannot be restored.", _purge),
    "kick": Order("Close", "All WebSockets that match now are closed.", _kick),
    "restart": Order(
        "Restart",
        "The workers of this machine are replaced one after the other. A single worker leaves pages waiting meanwhile.",
        _restart,
    ),
    "drain": Order("Drain", "The server closes its WebSockets and ends; its supervisor starts another one.", _drain),
}
