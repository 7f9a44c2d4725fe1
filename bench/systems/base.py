"""The interface of every system under test."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from bench.lines import LineProcess

Service = Literal["http", "websocket", "group"]


@dataclass(frozen=True, slots=True)
class Shape:
    """How many processes and threads a scenario asks for; a system ignores what it does not have."""

    interfaces: int = 1
    workers: int = 2
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Running:
    """A system that serves.

    `processes` are pids by role: "interface" holds the sockets, "worker" runs the project's code, "redis" and "proxy"
    are what they say. `sender_command` starts a process of the system's own kind that sends to groups (see
    `bench.apps.sending`).
    """

    http_url: str
    websocket_uri: str
    processes: Mapping[str, Sequence[int]]
    sender_command: Sequence[str]
    sender_environment: Mapping[str, str]
    redis_url: str | None = None

    def sender(self) -> LineProcess:
        """Start a sender; its first answer says that it is ready."""
        return LineProcess(self.sender_command, self.sender_environment)


class System(Protocol):
    """One row of the table."""

    @property
    def key(self) -> str:
        """The name for `--systems`."""

    @property
    def name(self) -> str:
        """The name in the table."""

    @property
    def serves(self) -> frozenset[Service]:
        """The abilities it can be measured with."""

    def unavailable(self) -> str | None:
        """Say what this machine lacks to run it; None if nothing."""

    def prepare(self) -> dict[str, str]:
        """Make its environment, once; return the versions of what matters."""

    def start(self, shape: Shape) -> AbstractContextManager[Running]:
        """Start it and wait until it answers; stop all its processes at the end.

        Raises:
            StartFailed: a process ended, or nothing answered in time; with the end of the log.
        """
