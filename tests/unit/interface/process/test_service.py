"""The life of an interface server's process: signals, the order of the end, exit codes. No reactor, no signals sent."""

import asyncio
import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from towpath.interface.process import service
from towpath.interface.process.endpoints import CannotListen
from towpath.interface.process.oversight import Oversight
from towpath.interface.process.service import ExitCode, Service, explained
from towpath.layers.errors import ConfigurationError, LayerUnavailable


class Server:
    """A server whose start and end a test decides."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[str] = []
        self.may_start, self.may_end = asyncio.Event(), asyncio.Event()
        self.error = error
        self.on_drain: Callable[[], None] | None = None

    async def start(self) -> None:
        await self.may_start.wait()
        self.calls.append("start")
        if self.error is not None:
            raise self.error

    async def stop(self) -> None:
        self.calls.append("stop")
        await self.may_end.wait()

    def force(self) -> None:
        self.calls.append("force")
        self.may_end.set()


class Reactor:
    """Notes when it is stopped."""

    def __init__(self) -> None:
        self.stopped = asyncio.Event()

    def stop(self) -> None:
        self.stopped.set()


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


def begin(error: Exception | None = None) -> tuple[Service, Server, Reactor]:
    server, reactor = Server(error), Reactor()
    service = Service(server, "a layer", "127.0.0.1:8000")  # type: ignore[arg-type]
    service.begin(reactor)
    return service, server, reactor


def test_a_signal_stops_it(caplog: pytest.LogCaptureFixture) -> None:
    async def live() -> None:
        service, server, reactor = begin()
        server.may_start.set()
        await settle()
        assert "Listening on 127.0.0.1:8000, for a layer" in caplog.text
        service.signalled()
        await settle()
        assert server.calls == ["start", "stop"]
        assert not reactor.stopped.is_set()
        server.may_end.set()
        await reactor.stopped.wait()
        assert service.exit_code is ExitCode.STOPPED

    with caplog.at_level(logging.INFO):
        asyncio.run(live())


def test_the_drain_of_an_operator_stops_it_as_a_first_signal_and_a_signal_that_follows_does_not_force_it() -> None:
    async def live() -> None:
        service, server, reactor = begin()
        server.may_start.set()
        await settle()
        assert server.on_drain is not None
        server.on_drain()
        await settle()
        service.signalled()
        await settle()
        assert server.calls == ["start", "stop"]
        server.may_end.set()
        await reactor.stopped.wait()
        assert service.exit_code is ExitCode.STOPPED

    asyncio.run(live())


def test_a_second_signal_forces_it() -> None:
    async def live() -> None:
        service, server, reactor = begin()
        server.may_start.set()
        await settle()
        service.signalled()
        service.signalled()
        await reactor.stopped.wait()
        assert server.calls == ["start", "force", "stop"]
        assert service.exit_code is ExitCode.FORCED

    asyncio.run(live())


def test_a_third_signal_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []
    monkeypatch.setattr(service.os, "_exit", codes.append)

    async def live() -> None:
        service, server, reactor = begin()
        server.may_start.set()
        await settle()
        for _ in range(3):
            service.signalled()
        await reactor.stopped.wait()

    asyncio.run(live())
    assert codes == [ExitCode.FORCED]


def test_a_signal_during_the_start_ends_it() -> None:
    async def live() -> None:
        service, server, reactor = begin()
        await settle()
        service.signalled()
        await reactor.stopped.wait()
        assert server.calls == []
        assert service.exit_code is ExitCode.STOPPED

    asyncio.run(live())


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (CannotListen("cannot listen on :80"), ExitCode.CANNOT_LISTEN, "cannot listen on :80"),
        (ConfigurationError("bad option"), ExitCode.USAGE, "bad option"),
        (ValueError("a bug"), ExitCode.FAILED, "a bug"),
    ],
)
def test_a_failed_start_is_explained_and_ends_it(
    caplog: pytest.LogCaptureFixture, error: Exception, code: ExitCode, message: str
) -> None:
    async def live() -> None:
        service, server, reactor = begin(error)
        server.may_start.set()
        await reactor.stopped.wait()
        assert service.exit_code is code

    asyncio.run(live())
    assert message in caplog.text


def test_a_layer_that_is_unavailable_at_the_start_is_waited_for(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "LEAST_PAUSE_SECONDS", 0.0)

    async def live() -> None:
        service, server, reactor = begin(LayerUnavailable("Redis is unavailable"))
        server.may_start.set()
        await settle()
        assert len(server.calls) > 1
        server.error = LayerUnavailable("Redis is loading")
        await settle()
        assert "Listening" not in caplog.text
        server.error = None
        await settle()
        assert "Listening" in caplog.text
        service.signalled()
        server.may_end.set()
        await reactor.stopped.wait()
        assert service.exit_code is ExitCode.STOPPED

    with caplog.at_level(logging.INFO):
        asyncio.run(live())
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings == [
        f"The channel layer is unavailable ({reason}): not listening yet, trying again at least every 1 s"
        for reason in ("Redis is unavailable", "Redis is loading")
    ]


def test_a_signal_ends_the_wait_for_a_layer() -> None:
    async def live() -> None:
        service, server, reactor = begin(LayerUnavailable("Redis is unavailable"))
        server.may_start.set()
        await settle()
        service.signalled()
        await reactor.stopped.wait()
        assert set(server.calls) == {"start"}
        assert service.exit_code is ExitCode.STOPPED

    asyncio.run(live())


def test_a_drain_waits_before_the_stop_and_a_second_signal_ends_that() -> None:
    async def live() -> None:
        server, reactor = Server(), Reactor()
        oversight = Oversight(server, drain_pause_seconds=3600)  # type: ignore[arg-type]
        service = Service(server, "a layer", "127.0.0.1:8000", oversight)  # type: ignore[arg-type]
        service.begin(reactor)
        server.may_start.set()
        await settle()
        service.signalled()
        await settle()
        assert server.calls == ["start"]
        service.signalled()
        await reactor.stopped.wait()
        assert server.calls == ["start", "force", "stop"]

    asyncio.run(live())


class Monitor:
    """A monitor whose readiness a test reads."""

    def __init__(self) -> None:
        self.readiness = SimpleNamespace(is_draining=False)

    async def start(self) -> None:
        """Serve nothing."""

    async def stop(self) -> None:
        """Serve nothing any more."""


@pytest.mark.parametrize("seconds", [0.01, 3600.0])
def test_readiness_fails_before_the_stop_which_waits_for_the_configured_pause(seconds: float) -> None:
    async def live() -> None:
        server, reactor, monitor = Server(), Reactor(), Monitor()
        oversight = Oversight(server, monitor, drain_pause_seconds=seconds)  # type: ignore[arg-type]
        service = Service(server, "a layer", "127.0.0.1:8000", oversight)  # type: ignore[arg-type]
        service.begin(reactor)
        server.may_start.set()
        server.may_end.set()
        await settle()
        assert not monitor.readiness.is_draining
        service.signalled()
        await settle()
        assert monitor.readiness.is_draining
        assert seconds < 1 or server.calls == ["start"]
        if seconds > 1:
            service.signalled()
        await asyncio.wait_for(reactor.stopped.wait(), 30)
        assert server.calls[-1] == "stop"

    asyncio.run(live())


def test_only_what_was_not_foreseen_has_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    explained(ConfigurationError("bad option"))
    assert caplog.records[-1].exc_info is None
    explained(ValueError("a bug"))
    assert caplog.records[-1].exc_info is not None


def test_exit_codes_differ() -> None:
    values: list[Any] = [code.value for code in ExitCode]
    assert len(set(values)) == len(values)
