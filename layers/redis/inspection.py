"""The properties of a Redis that decide whether a site can rely on it: read once, before a deployment.

Blocking, in a handful of round trips, each within `ANSWER_SECONDS`; nothing is changed.
"""

import ipaddress
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from hiredis import ProtocolError
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from ..errors import LayerUnavailable
from ..keys import Keys
from .blocking_wire import BlockingWire
from .hosts import AnyHost
from .rights import Rights, key_probes, probes, refused
from .scripts import Command
from .wires import opened_socket

#: The longest time for a connection to open, and for an answer, in seconds.
ANSWER_SECONDS = 2.0
#: Round trips of which the median is the latency.
PINGS = 7


@dataclass(frozen=True, slots=True)
class Inspection:
    """The properties of a Redis. None: it refused to say."""

    #: `Redis`, `Valkey`, or the name of another server that speaks its protocol.
    software: str
    version: str | None
    eviction_policy: str | None
    #: In bytes; 0: none.
    memory_limit_bytes: int | None
    #: Whether it writes snapshots, and whether it writes each change, to disk.
    has_snapshots: bool | None
    has_append_log: bool | None
    is_cluster_node: bool | None
    is_replica: bool | None
    #: The median of a few round trips, in seconds.
    latency_seconds: float
    #: Its clock less ours, in seconds, and how far that may be wrong.
    clock_ahead_seconds: float
    clock_error_seconds: float
    missing: Rights
    user: str
    has_password: bool
    has_tls: bool
    is_loopback: bool
    is_other_machine: bool


def inspect(host: AnyHost, keys: Keys) -> Inspection:
    """Connect, and return the properties of the Redis of a layer.

    Raises:
        LayerUnavailable: it could not be reached, refused the connection, or did not answer in time.
    """
    pool = host.pool()
    times = {"socket_timeout": ANSWER_SECONDS, "retry": Retry(NoBackoff(), 0)}
    if not issubclass(pool.connection_class, _unix_connections()):
        times["socket_connect_timeout"] = ANSWER_SECONDS
    opener = pool.connection_class(**{**pool.connection_kwargs, **times})
    wire = BlockingWire(opener, ANSWER_SECONDS)
    try:
        return _inspected(opener, wire, keys)
    except (RedisError, OSError, ProtocolError) as error:
        raise LayerUnavailable(f"Redis at {host.label} is unavailable: {error}") from error
    finally:
        wire.disconnect()
        pool.disconnect()


def _unix_connections() -> type:
    from redis import UnixDomainSocketConnection

    return UnixDomainSocketConnection


def _inspected(opener: Any, wire: BlockingWire, keys: Keys) -> Inspection:
    def call(*command: Any) -> Any:
        wire.write([command])
        return wire.read(1)[0]

    info = _info(call("INFO"))
    latency = median(_seconds(call) for _ in range(PINGS))
    ahead, wrong_by = _clock(call)
    return Inspection(
        software=_software(info),
        version=info.get("valkey_version") or info.get("redis_version"),
        eviction_policy=info.get("maxmemory_policy"),
        memory_limit_bytes=_number(info, "maxmemory"),
        has_snapshots=_has_snapshots(call("CONFIG", "GET", "save")),
        has_append_log=_flag(info, "aof_enabled", "1"),
        is_cluster_node=_flag(info, "cluster_enabled", "1"),
        is_replica=_flag(info, "role", "slave"),
        latency_seconds=latency,
        clock_ahead_seconds=ahead,
        clock_error_seconds=wrong_by,
        missing=_missing(wire, keys),
        user=getattr(opener, "username", None) or "default",
        **_reached(opener),
    )


def _info(answer: object) -> Mapping[str, str]:
    if not isinstance(answer, bytes):
        return {}
    lines = answer.decode(errors="replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def _software(info: Mapping[str, str]) -> str:
    if "valkey_version" in info:
        return "Valkey"
    others = [name.removesuffix("_version") for name in info if name in ("dragonfly_version", "garnet_version")]
    return others[0].title() if others else "Redis"


def _number(info: Mapping[str, str], name: str) -> int | None:
    return int(info[name]) if name in info else None


def _flag(info: Mapping[str, str], name: str, value: str) -> bool | None:
    return info[name] == value if name in info else None


def _has_snapshots(answer: Any) -> bool | None:
    """Return whether `save` has a schedule; a hosted Redis may not say."""
    return bool(answer[1]) if isinstance(answer, list) and len(answer) == 2 else None


def _seconds(call: Callable[..., Any]) -> float:
    began = time.perf_counter()
    call("PING")
    return time.perf_counter() - began


def _clock(call: Callable[..., Any]) -> tuple[float, float]:
    """Return how far the clock of Redis is ahead of ours, and the largest error of that."""
    began = time.time()
    answer = call("TIME")
    ended = time.time()
    if isinstance(answer, ResponseError):
        return 0.0, 0.0
    theirs = int(answer[0]) + int(answer[1]) / 1e6
    return theirs - (began + ended) / 2, abs(ended - began) / 2


def _missing(wire: BlockingWire, keys: Keys) -> Rights:
    commands: list[Command] = [*probes(keys).values(), *key_probes(keys).values()]
    wire.write(commands)
    return refused(keys, wire.read(len(commands)))


def _reached(opener: Any) -> dict[str, bool]:
    """Return the transport of the connection, and whether it was opened with a secret."""
    opened = opened_socket(opener)
    has_certificate = bool(getattr(opener, "certfile", None))
    return {
        "has_password": bool(opener.password or opener.credential_provider) or has_certificate,
        "has_tls": hasattr(opened, "cipher"),
        **_machine(opened),
    }


def _machine(opened: socket.socket) -> dict[str, bool]:
    if opened.family == socket.AF_UNIX:
        return {"is_loopback": True, "is_other_machine": False}
    theirs, ours = opened.getpeername()[0], opened.getsockname()[0]
    return {"is_loopback": is_loopback(theirs), "is_other_machine": theirs != ours and not is_loopback(theirs)}


def is_loopback(address: str) -> bool:
    """Return whether an IP address can be reached from its own machine only."""
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback
