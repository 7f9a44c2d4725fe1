"""A Redis that Sentinels name: each new connection asks them who the master is.

A master that has become a replica refuses writes (READONLY); the wires close such a connection, so that the
next one asks again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis import ConnectionPool
from redis.asyncio.retry import Retry as AsyncRetry
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.asyncio.sentinel import SentinelConnectionPool as AsyncSentinelPool
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

from ..errors import ConfigurationError
from .wires import AsyncOpener

#: Seconds that one Sentinel has to answer: the next one is asked after that.
SENTINEL_SECONDS = 1.0
#: The keys of a host that are about Sentinels; the others are options for connections to the master.
SENTINEL_KEYS = frozenset({"sentinels", "master_name", "sentinel_kwargs"})


class _Pool(SentinelConnectionPool):
    """Closes the connections to the Sentinels with its own."""

    def disconnect(self, inuse_connections: bool = True) -> None:
        super().disconnect(inuse_connections)
        if inuse_connections:
            for sentinel in self.sentinel_manager.sentinels:
                sentinel.close()


@dataclass(frozen=True, slots=True)
class SentinelHost:
    """The master of one name, as `Host`. Options may hold passwords; `label` is for messages and does not."""

    sentinels: Sequence[tuple[str, int]]
    master_name: str
    sentinel_options: Mapping[str, Any] = field(repr=False)
    options: Mapping[str, Any] = field(repr=False)

    @property
    def label(self) -> str:
        """Return the names of the master and of its Sentinels, for messages."""
        return f"{self.master_name!r} of the Sentinels {', '.join(f'{name}:{port}' for name, port in self.sentinels)}"

    @property
    def timeout_seconds(self) -> float | None:
        """How long to wait for an answer; None: for ever."""
        timeout: float | None = self.options["socket_timeout"]
        return timeout

    def pool(self) -> ConnectionPool:
        """Return a new pool of blocking connections; none is opened yet."""
        sentinel = Sentinel(self.sentinels, sentinel_kwargs=self._asking(Retry(NoBackoff(), 0)))
        pool: ConnectionPool = _Pool(self.master_name, sentinel, **self.options)  # type: ignore[no-untyped-call]
        return pool

    def async_opener(self) -> AsyncOpener:
        """Return a new asyncio connection; it is not open yet."""
        sentinel = AsyncSentinel(self.sentinels, sentinel_kwargs=self._asking(AsyncRetry(NoBackoff(), 0)))
        pool: Any = AsyncSentinelPool(self.master_name, sentinel, **self.options)
        return _AsyncOpener(pool)

    def _asking(self, retry: object) -> dict[str, Any]:
        times = {"socket_timeout": SENTINEL_SECONDS, "socket_connect_timeout": SENTINEL_SECONDS, "retry": retry}
        return {**times, **self.sentinel_options}


class _AsyncOpener:
    """A connection that keeps its pool, and connections to Sentinels only while it asks them."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._connection = pool.connection_class(**pool.connection_kwargs)

    @property
    def _reader(self) -> Any:
        return self._connection._reader

    @_reader.setter
    def _reader(self, reader: Any) -> None:
        self._connection._reader = reader

    @property
    def _writer(self) -> Any:
        return self._connection._writer

    @_writer.setter
    def _writer(self, writer: Any) -> None:
        self._connection._writer = writer

    async def connect(self) -> None:
        """Connect to the master, unless connected."""
        try:
            await self._connection.connect()
        finally:
            for sentinel in self._pool.sentinel_manager.sentinels:
                await sentinel.aclose()


def parse_sentinels(host: Mapping[str, Any], options: Mapping[str, Any]) -> SentinelHost:
    """Return the host that the `SENTINEL_KEYS` of a mapping describe; `options` are redis-py's, for its connections.

    Raises:
        ConfigurationError: one of them is missing, or cannot be read.
    """
    sentinels, name = host.get("sentinels"), host.get("master_name")
    asking = host.get("sentinel_kwargs") or {}
    if not isinstance(name, str) or not name:
        raise ConfigurationError(f"a host with sentinels has a master_name like 'mymaster', not {kind_of(name)}")
    if not isinstance(sentinels, Sequence) or isinstance(sentinels, (str, bytes)) or not sentinels:
        raise ConfigurationError(f"sentinels is a list of (host, port) pairs, not {kind_of(sentinels)}")
    if not isinstance(asking, Mapping):
        raise ConfigurationError(f"sentinel_kwargs is a dict of redis-py's options, not {type(asking).__name__}")
    return SentinelHost([_pair(sentinel) for sentinel in sentinels], name, asking, options)


def _pair(sentinel: object) -> tuple[str, int]:
    match sentinel:
        case [str() as name, int() as port] if "@" not in name:
            return name, port
    raise ConfigurationError(f"a Sentinel is a (host, port) pair of str and int, not {kind_of(sentinel)}")


def kind_of(value: object) -> str:
    """Return the type of a value, and of what is in a pair, for messages: the value itself may hold a password."""
    if isinstance(value, (list, tuple)):
        return f"a {type(value).__name__} of {', '.join(type(each).__name__ for each in value) or 'nothing'}"
    return f"a {type(value).__name__}"
