"""System checks of the Redis behind each layer (`check --deploy`): asked in bounded time, and left as it is."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.checks import CheckMessage, Info
from django.core.checks import Warning as CheckWarning
from django.utils.module_loading import import_string

from towpath.channels.configured import LayerSettings
from towpath.layers.errors import LayerUnavailable, TowpathError

from .settings import sound_layers

if TYPE_CHECKING:
    from towpath.layers.redis.inspection import Inspection

#: The oldest release of Redis whose commands the layer uses. Every Valkey has them.
OLDEST_REDIS = (6, 2)
#: Round trip above which a deployment is warned, in seconds: one on the same network takes less than 1 ms.
MOST_LATENCY_SECONDS = 0.005
#: Difference of the clocks above which a deployment is warned, in seconds.
MOST_CLOCK_SECONDS = 1.0


class Finding(NamedTuple):
    """A finding about a Redis: the number of its id, the error, and the remedy."""

    number: int
    text: str
    hint: str
    kind: type[CheckWarning] | type[Info] = CheckWarning


def check_stores(**_: Any) -> list[CheckMessage]:
    """Check the Redis of each layer for the properties that a site relies on (W016 to W026)."""
    return [message for alias, layer in sound_layers() for message in _messages(alias, layer)]


def _messages(alias: str, layer: LayerSettings) -> Iterator[CheckMessage]:
    try:
        built = import_string(layer.backend)(**layer.config)
    except (ImportError, AttributeError, TypeError, TowpathError):
        return  # E002 and E005 say so
    try:
        ask: Callable[[], Inspection] | None = getattr(built, "inspect", None)
        found = [] if ask is None else list(_findings(ask, built.prefix))
    finally:
        built.close()
    for number, text, hint, kind in found:
        yield kind(f"CHANNEL_LAYERS[{alias!r}]: {text}.", hint=hint, id=f"towpath.W{number:03}")


def _findings(ask: Callable[[], "Inspection"], prefix: str) -> Iterator[Finding]:
    try:
        found = ask()
    except LayerUnavailable as error:
        hint = (
            "Start it, or correct CONFIG. Where Redis cannot be reached by design, as in a build, silence this check."
        )
        yield Finding(16, f"{str(error).rstrip('.')}, so that it could not be checked", hint)
        return
    yield from server_findings(found)
    yield from memory_findings(found)
    yield from time_findings(found)
    yield from network_findings(found)
    yield from rights_findings(found, prefix)


def server_findings(found: "Inspection") -> Iterator[Finding]:
    """Yield the errors of the server: its release, a Cluster, a replica."""
    if found.software == "Redis" and found.version is not None and _release(found.version) < OLDEST_REDIS:
        oldest = ".".join(map(str, OLDEST_REDIS))
        yield Finding(17, f"Redis is {found.version}, and the layer needs {oldest}", "Upgrade it, or use Valkey.")
    elif found.software not in ("Redis", "Valkey"):
        hint = (
            "Use Redis or Valkey. If you keep it, run the conformance suite of towpath.layers.conformance against it."
        )
        yield Finding(17, f"the server is {found.software} {found.version}, on which Towpath is not tested", hint)
    if found.is_cluster_node:
        text = "the server is a node of a Redis Cluster, which refuses the scripts of this layer (CROSSSLOT, MOVED)"
        yield Finding(
            18, text, "Use a Redis without cluster-enabled, with replicas and Sentinels if it must fail over."
        )
    if found.is_replica:
        hint = "Name the master; with Sentinels, give the host as {'sentinels': [...], 'master_name': ...}."
        yield Finding(18, "the server is a replica, which refuses writes", hint)


def memory_findings(found: "Inspection") -> Iterator[Finding]:
    """Yield the errors of memory and disk of Redis."""
    if found.eviction_policy not in (None, "noeviction"):
        text = f"maxmemory-policy is {found.eviction_policy!r}: a full Redis drops messages and groups silently"
        yield Finding(
            19, text, "Write `maxmemory-policy noeviction` in redis.conf: messages are then refused, and counted."
        )
    if found.memory_limit_bytes == 0:
        text = "maxmemory is not set: a queue that grows takes the memory of the machine, and the kernel kills Redis"
        yield Finding(20, text, "Write `maxmemory 512mb` in redis.conf, or what the machine has to spare.")
    if found.has_append_log is False and found.has_snapshots is False:
        text = "Redis keeps nothing on disk: what waits, delayed messages too, is lost when it restarts"
        hint = (
            "Write `appendonly yes` in redis.conf if delayed messages must survive that. Otherwise silence this check."
        )
        yield Finding(21, text, hint, Info)
    if found.has_append_log is False and found.has_snapshots:
        text = "Redis keeps snapshots only: after a restart, events that have run since the last one run again"
        yield Finding(21, text, 'Write `appendonly yes` in redis.conf, or `save ""` to keep nothing.', Info)


def time_findings(found: "Inspection") -> Iterator[Finding]:
    """Yield the errors of the round-trip time to Redis, and of the clocks."""
    if found.latency_seconds > MOST_LATENCY_SECONDS:
        text = f"a round trip to Redis takes {found.latency_seconds * 1000:.1f} ms, and each page needs several"
        yield Finding(
            22, text, "Run Redis in the same data centre as the processes of the site, on a machine that is not busy."
        )
    if abs(found.clock_ahead_seconds) - found.clock_error_seconds > MOST_CLOCK_SECONDS:
        way = "ahead of" if found.clock_ahead_seconds > 0 else "behind"
        text = f"the clock of Redis is {abs(found.clock_ahead_seconds):.1f} s {way} the one of this machine"
        hint = "Synchronise both by NTP: encrypted messages expire by one clock, delayed ones are due by the other."
        yield Finding(23, text, hint)


def network_findings(found: "Inspection") -> Iterator[Finding]:
    """Yield the settings by which others can reach Redis, or read the traffic to it."""
    if not (found.is_loopback or found.has_password):
        hint = (
            "Set a password in Redis (ACL SETUSER, or requirepass) and write it into the URL: "
            "redis://USER:PASSWORD@HOST:6379/0."
        )
        yield Finding(24, "Redis is reached over the network and asks for no password", hint)
    if found.is_other_machine and not found.has_tls:
        hint = "Write rediss:// in the URL. On a private network that you trust, silence this check."
        yield Finding(25, "Redis is on another machine, and the connection to it is not encrypted", hint)


def rights_findings(found: "Inspection", prefix: str) -> Iterator[Finding]:
    """Yield what the ACL of Redis refuses to the user of the layer."""
    grants = [f"~{prefix}*"] if found.missing.keys else []
    grants += [f"+{name}" for name in found.missing.commands]
    refused = [f"keys like {key}" for key in found.missing.keys] + list(found.missing.commands)
    if refused:
        hint = f"Write `ACL SETUSER {found.user} {' '.join(grants)}`, and keep it by ACL SAVE."
        yield Finding(26, f"the ACL of Redis refuses to the user {found.user!r}: {', '.join(refused)}", hint)


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
