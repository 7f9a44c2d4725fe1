"""The address of Redis: the `hosts` and `connection_kwargs` options, checked and converted to options of redis-py.

| a host | means |
|---|---|
| `"redis://cache:6379/0"` | a URL: `redis://`, `rediss://`, `unix://` |
| `("cache", 6379)` | the same, without TLS and password |
| `{"address": "redis://cache:6379/0", "password": ...}` | a URL or pair, and options of redis-py for this host |
| `{"sentinels": [("a", 26379), ...], "master_name": "mymaster"}` | the master of that name |

One host for now. Channels, inboxes and groups never share a key, so a sharding layer would choose among several
hosts by the hash tag of `keys`; the seams are ready, the choice is not built, and several hosts are refused.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from redis import ConnectionPool
from redis.asyncio import ConnectionPool as AsyncConnectionPool
from redis.exceptions import RedisError

from ..errors import ConfigurationError
from .redis_url import label_of
from .sentinels import SENTINEL_KEYS, kind_of, parse_sentinels
from .wires import AsyncOpener

DEFAULT_HOST = "redis://127.0.0.1:6379/0"
#: Seconds to wait for an answer: longer than the longest wait (5 s), short enough to notice a host that has failed.
SOCKET_TIMEOUT_SECONDS = 15.0
CONNECT_TIMEOUT_SECONDS = 5.0
#: Options that the layer needs: answers are bytes, in the form of RESP 2.
_FIXED = {"decode_responses": False, "protocol": 2}
#: A name or an address, and nothing else of a URL.
_MACHINE = re.compile(r"[^\s/@?#\[\]]+\Z")
#: Messages of redis-py about options that do not repeat a value.
_REASONS = (
    (re.compile(r"unexpected keyword argument '(\w+)'"), "redis-py has no option {!r}"),
    (re.compile(r"Invalid value for ['`](\w+)['`] in connection URL"), "its option {!r} has a wrong value"),
    (re.compile(r"Invalid SSL (Certificate Requirements)"), 'ssl_cert_reqs is "none", "optional" or "required"'),
)
#: Options without a meaning for a UNIX socket.
_OVER_TCP = {"socket_connect_timeout": CONNECT_TIMEOUT_SECONDS, "socket_keepalive": True}


@dataclass(frozen=True, slots=True)
class Host:
    """One Redis. `url` may hold a password; `label` is for messages and does not."""

    url: str = field(repr=False)
    label: str
    options: Mapping[str, Any] = field(repr=False)

    def pool(self) -> ConnectionPool:
        """Return a new pool of blocking connections; none is opened yet."""
        return ConnectionPool.from_url(self.url, **self.options)

    def async_opener(self) -> AsyncOpener:
        """Return a new asyncio connection; it is not open yet."""
        pool: Any = AsyncConnectionPool.from_url(self.url, **self.options)
        return cast(AsyncOpener, pool.connection_class(**pool.connection_kwargs))

    @property
    def timeout_seconds(self) -> float | None:
        """How long to wait for an answer; None: for ever."""
        timeout: float | None = self.options["socket_timeout"]
        return timeout


class AnyHost(Protocol):
    """The options of a layer about its Redis."""

    @property
    def label(self) -> str:
        """Return how messages call it, without a password."""

    @property
    def timeout_seconds(self) -> float | None:
        """How long to wait for an answer; None: for ever."""

    def pool(self) -> ConnectionPool:
        """Return a new pool of blocking connections; none is opened yet."""

    def async_opener(self) -> AsyncOpener:
        """Return a new asyncio connection; it is not open yet."""


def parse_hosts(hosts: object, connection_kwargs: Mapping[str, Any] | None = None) -> AnyHost:
    """Return the one host of the `hosts` option (see the table above).

    Raises:
        ConfigurationError: it is a bare string, holds more than one host, or one that cannot be read. No message has a
            value in it: they hold passwords.
    """
    if hosts is None:
        hosts = [DEFAULT_HOST]
    if isinstance(hosts, (str, bytes)) or not isinstance(hosts, Sequence):
        raise ConfigurationError(
            f"hosts is a list of Redis URLs, (host, port) pairs or dicts with sentinels, not {type(hosts).__name__}"
        )
    if len(hosts) != 1:
        raise ConfigurationError(f"hosts holds one Redis; {len(hosts)} were given, and sharding is not supported yet")
    if connection_kwargs is not None and not isinstance(connection_kwargs, Mapping):
        raise ConfigurationError(f"connection_kwargs is a dict of redis-py's options, not {kind_of(connection_kwargs)}")
    host = _host(hosts[0], connection_kwargs or {})
    try:
        pool = host.pool()
        pool.connection_class(**pool.connection_kwargs)
    except (ValueError, TypeError, RedisError) as error:
        raise ConfigurationError(f"host {host.label!r} cannot be used: {_reason(error)}") from None
    return host


def _reason(error: Exception) -> str:
    for pattern, reason in _REASONS:
        if (match := pattern.search(str(error))) is not None:
            return reason.format(match[1])
    return f"an option in its URL or in connection_kwargs is wrong ({type(error).__name__})"


def _host(host: object, connection_kwargs: Mapping[str, Any]) -> AnyHost:
    if not isinstance(host, Mapping):
        return _host_at(host, connection_kwargs)
    own = {name: value for name, value in host.items() if name not in SENTINEL_KEYS | {"address"}}
    if "address" in host:
        return _host_at(host["address"], {**connection_kwargs, **own})
    asking = {name: value for name, value in host.items() if name in SENTINEL_KEYS}
    if not asking:
        raise ConfigurationError(
            f"a host as a dict has an address, or sentinels and a master_name; this one has {', '.join(map(str, host))}"
        )
    return parse_sentinels(asking, {**_OVER_TCP, **_options({**connection_kwargs, **own})})


def _host_at(address: object, connection_kwargs: Mapping[str, Any]) -> Host:
    url = _url(address)
    over_tcp = {} if url.startswith("unix:") else _OVER_TCP
    return Host(url, label_of(url), {**over_tcp, **_options(connection_kwargs)})


def _url(host: object) -> str:
    match host:
        case str():
            return host
        case [str() as name, int() as port] if _MACHINE.match(name):
            return f"redis://[{name}]:{port}/0" if ":" in name else f"redis://{name}:{port}/0"
    raise ConfigurationError(
        "a host is a Redis URL, a (host, port) pair of str and int, or a dict with address, or with sentinels and "
        f"master_name; not {kind_of(host)}"
    )


def _options(connection_kwargs: Mapping[str, Any]) -> dict[str, Any]:
    timeout = connection_kwargs.get("socket_timeout", SOCKET_TIMEOUT_SECONDS)
    if timeout is not None and not (isinstance(timeout, (int, float)) and timeout > 5):
        raise ConfigurationError(f"connection_kwargs['socket_timeout'] is over 5 s (reads wait 5 s), not {timeout!r}")
    for name, value in _FIXED.items():
        if connection_kwargs.get(name, value) != value:
            raise ConfigurationError(f"connection_kwargs[{name!r}] is {value!r} and cannot be changed")
    return {
        "socket_timeout": SOCKET_TIMEOUT_SECONDS,
        **connection_kwargs,
        **_FIXED,
    }
