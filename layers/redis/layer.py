"""The channel layer on one Redis 6.2 or later, or Valkey."""

from collections.abc import Mapping, Sequence
from re import Pattern
from typing import Any

from redis.exceptions import ResponseError

from ..base import BaseChannelLayer
from ..contract import Edge, Reader
from ..encryption import FernetCipher
from ..errors import ConfigurationError, LayerUnavailable
from ..keys import Keys
from ..operations.operation import Operation, Result
from ..survey import Survey
from .async_client import AsyncClient
from .client import Client
from .commands import Commands
from .edge import RedisEdge
from .hosts import parse_hosts
from .inspection import Inspection, inspect
from .reader import RedisReader
from .survey import RedisSurvey

#: Keys that one step of `flush` and `global_statistics` deletes or reads: few enough not to block Redis.
SCAN_COUNT = 1000
#: The longest time without an answer, in seconds, before a connection is replaced: when leases of workers are renewed
#: (they last 8 s); when an interface server sends, and when it waits for its inbox (for 5 s at most).
LEASE_TIMEOUT_SECONDS = 2.0
OUT_TIMEOUT_SECONDS = 5.0
INTO_TIMEOUT_SECONDS = 8.0


class RedisChannelLayer(BaseChannelLayer):
    """Channels, inboxes and groups in Redis.

    Args:
        expiry: Seconds until a message that no worker takes is dropped.
        hosts: A list with one Redis: a URL such as `"redis://127.0.0.1:6379/0"`, a pair (host, port), or a dict with
            `sentinels`, a list of such pairs, and `master_name`. Without it, port 6379 of this machine.
        prefix: The beginning of all keys. Sites that share a Redis need different prefixes.
        group_expiry: Seconds until a plain channel, which is not a reply channel, leaves a group.
        capacity: Messages that a channel holds; more raise `ChannelFull`.
        channel_capacity: Other capacities, by the glob or compiled pattern of a channel: `{"papers.*": 1000}`.
        symmetric_encryption_keys: Keys that encrypt messages. The first one encrypts, all decrypt. Needs the extra
            `encryption`.
        group_history: Groups that keep their last messages, by glob or compiled pattern: `{"chat-*": {"messages": 100,
            "seconds": 300}}`, with `"bytes"` (1 MiB) as a third bound; None in place of the dict excludes a pattern.
        position_keys: Keys that sign positions in histories; without it, SECRET_KEY and SECRET_KEY_FALLBACKS.
        connection_kwargs: Keyword arguments of redis-py for each connection.

    Raises:
        ConfigurationError: an option is wrong. No connection is made before the first call.
    """

    def __init__(
        self,
        expiry: float = 60,
        hosts: object = None,
        prefix: str = "towpath:",
        group_expiry: float = 86400,
        capacity: int = 100,
        channel_capacity: Mapping[str | Pattern[str], int] | None = None,
        symmetric_encryption_keys: Sequence[str | bytes] | None = None,
        connection_kwargs: Mapping[str, Any] | None = None,
        group_history: Mapping[str | Pattern[str], object] | None = None,
        position_keys: Sequence[str | bytes] | None = None,
    ) -> None:
        if not isinstance(prefix, str) or "{" in prefix or "}" in prefix:
            raise ConfigurationError(f"prefix is a str without braces, not {prefix!r}")
        cipher = None if symmetric_encryption_keys is None else FernetCipher(symmetric_encryption_keys, expiry)
        super().__init__(expiry, group_expiry, capacity, channel_capacity, cipher, group_history, position_keys)
        self.prefix = prefix
        self._host = parse_hosts(hosts, connection_kwargs)
        self._keys = Keys(prefix)
        self._commands = Commands(self._keys, expiry, group_expiry)
        self._client = Client(self._host, self._commands)
        #: Leases have connections of their own: a silent one is replaced long before the lease expires.
        self._lease_client = Client(self._host, self._commands, LEASE_TIMEOUT_SECONDS)

    def __str__(self) -> str:
        return f"Redis at {self._host.label}, prefix {self.prefix!r}"

    def reader(self, channels: Sequence[str]) -> Reader:
        """Return a reader with a connection of its own."""
        return RedisReader(channels, self._codec, self._sender, self._client, self._keys)

    def edge(self) -> Edge:
        """Return an edge with two connections of its own."""
        out = AsyncClient(self._host, self._commands, OUT_TIMEOUT_SECONDS)
        into = AsyncClient(self._host, self._commands, INTO_TIMEOUT_SECONDS)
        edge = RedisEdge(self._codec, self._capacities, out, into, self._keys)
        edge.lease_times = self.lease_times
        return edge

    def survey(self) -> Survey:
        """Return the survey for operators; its calls fail after two seconds without an answer."""
        return RedisSurvey(self._lease_client, self._keys, self._codec)

    def inspect(self) -> Inspection:
        """Return the properties of Redis that decide whether a site can rely on it, over a connection of its own.

        Raises:
            LayerUnavailable: it could not be reached, refused the connection, or did not answer in time.
        """
        return inspect(self._host, self._keys)

    def close(self) -> None:
        """Close the pools' connections."""
        self._client.close()
        self._lease_client.close()

    def _execute(self, operations: Sequence[Operation[Result]]) -> Sequence[Result]:
        return self._client.execute(operations)

    def _execute_leases(self, leases: Sequence[Operation[Result]]) -> Sequence[Result]:
        return self._lease_client.execute(leases)

    def _flush_store(self) -> None:
        for keys in self._scan(self._keys.every()):
            self._client.call("UNLINK", *keys)

    def _wait_for_entry(
        self, queues: Sequence[str], inboxes: Sequence[str], seconds: float
    ) -> tuple[str, bytes] | None:
        names = {self._keys.queue(queue).encode(): queue for queue in queues}
        names.update({self._keys.inbox(inbox).encode(): inbox for inbox in inboxes})
        answer = self._client.call("BLPOP", *names, seconds)
        if isinstance(answer, ResponseError):
            raise LayerUnavailable(f"{self._client.label} refused to wait: {answer}") from answer
        return (names[answer[0]], answer[1]) if answer else None

    def _counted_channels(self) -> list[str]:
        names = []
        for keys in self._scan(self._keys.every_counts()):
            names += [key.decode()[len(self.prefix) + 1 : -len("}:counts")] for key in keys]
        return names

    def _scan(self, pattern: str) -> list[list[bytes]]:
        found, cursor = [], b"0"
        while True:
            cursor, keys = self._client.call("SCAN", cursor, "MATCH", pattern, "COUNT", SCAN_COUNT)
            if own := [key for key in keys if self._keys.is_own(key)]:
                found.append(own)
            if cursor in (b"0", 0):
                return found
