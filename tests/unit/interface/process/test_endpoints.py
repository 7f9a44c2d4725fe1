"""Where a server listens, and what it says where it cannot. Inherited sockets are real ones; nothing connects."""

import errno
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import ServerFactory
from twisted.internet.selectreactor import SelectReactor
from twisted.internet.testing import MemoryReactorClock

from towpath.interface.config import InterfaceConfig
from towpath.interface.process.endpoints import CannotListen, addresses
from towpath.layers.errors import ConfigurationError


def listen(reactor: Any, **options: Any) -> list[str]:
    """Listen as the options say; return the labels."""
    found = addresses(reactor, InterfaceConfig(**options))
    for address in found:
        failures: list[Any] = []
        address.listen(ServerFactory()).addErrback(failures.append)
        for failure in failures:
            failure.raiseException()
    return [address.label for address in found]


def tcp_ports(reactor: MemoryReactorClock) -> list[tuple[str, int]]:
    return [(server[3], server[0]) for server in reactor.tcpServers]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ("127.0.0.1", 8000)),
        ({"bind": "0.0.0.0"}, ("0.0.0.0", 8000)),
        ({"port": 9000}, ("127.0.0.1", 9000)),
        ({"port": 0}, ("127.0.0.1", 0)),
        ({"bind": "::1", "port": 1}, ("::1", 1)),
        ({"bind": "[::1]", "port": 1}, ("::1", 1)),
    ],
)
def test_host_and_port_fill_in_for_each_other(options: dict[str, Any], expected: tuple[str, int]) -> None:
    reactor = MemoryReactorClock()
    (label,) = listen(reactor, **options)
    assert tcp_ports(reactor) == [expected]
    assert label == (f"[{expected[0]}]:{expected[1]}" if ":" in expected[0] else "{}:{}".format(*expected))


@pytest.mark.parametrize("options", [{"unix_socket": "/run/s"}, {"endpoints": ("unix:/run/s",)}])
def test_a_unix_socket_alone_opens_no_tcp_port(options: dict[str, Any]) -> None:
    reactor = MemoryReactorClock()
    listen(reactor, **options)
    assert tcp_ports(reactor) == []
    assert reactor.unixServers[0][0] == "/run/s"


def test_several_may_be_combined() -> None:
    reactor = MemoryReactorClock()
    labels = listen(reactor, endpoints=("tcp:1", "tcp:2:interface=127.0.0.9"), unix_socket="/run/s", port=3)
    assert tcp_ports(reactor) == [("", 1), ("127.0.0.9", 2), ("127.0.0.1", 3)]
    assert labels == ["endpoint tcp:1", "endpoint tcp:2:interface=127.0.0.9", "unix socket /run/s", "127.0.0.1:3"]


@pytest.mark.parametrize("text", ["nonsense", "nonsense:1", "tcp:port", "ssl:1:privateKey=/no/such/file"])
def test_a_bad_endpoint_string_is_named(text: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be used") as caught:
        addresses(MemoryReactorClock(), InterfaceConfig(endpoints=(text,)))
    assert repr(text) in str(caught.value)


class NoReactor(MemoryReactorClock):
    """A reactor that cannot listen."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def listenTCP(self, *args: Any, **options: Any) -> Any:  # type: ignore[override]
        raise self._error

    listenUNIX = listenTCP  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.EADDRINUSE, "taken"),
        (errno.EACCES, "may not"),
        (errno.EADDRNOTAVAIL, "no such address"),
        (errno.ENOENT, "folder"),
        (errno.EIO, "disk on fire"),
    ],
)
def test_an_address_that_cannot_be_used_is_a_clear_message(number: int, hint: str) -> None:
    reactor = NoReactor(CannotListenError("127.0.0.1", 80, OSError(number, "disk on fire")))
    with pytest.raises(CannotListen, match=f"cannot listen on 127.0.0.1:80: .*{hint}"):
        listen(reactor, port=80)


def test_a_unix_socket_of_a_living_process_is_taken() -> None:
    reactor = NoReactor(CannotListenError(None, b"/run/s", "Cannot acquire lock"))
    with pytest.raises(CannotListen, match="unix socket /run/s: it is taken"):
        listen(reactor, unix_socket="/run/s")
    with pytest.raises(CannotListen, match="folder"):
        listen(NoReactor(CannotListenError(None, b"/s", OSError(errno.ENOENT, "no"))), unix_socket="/s")


@pytest.fixture
def reactor() -> Iterator[Any]:
    """A reactor of the test's own, which is never run."""
    reactor = SelectReactor()
    yield reactor
    for port in reactor.removeAll():
        port.connectionLost(None)
    for waker in reactor._internalReaders:
        waker.connectionLost(None)


def stop(reactor: Any) -> None:
    """Stop what listens."""
    for port in list(reactor.getReaders()):
        if hasattr(port, "stopListening"):
            port.stopListening()
    reactor.runUntilCurrent()


def test_an_inherited_tcp_socket_stays_open_for_others(reactor: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as shared:
        (label,) = listen(reactor, fd=shared.fileno())
        assert label == f"inherited descriptor {shared.fileno()}"
        assert not shared.getblocking() or not os.get_blocking(shared.fileno())
        stop(reactor)
        with socket.create_connection(shared.getsockname()):
            pass


def test_an_inherited_unix_socket_keeps_its_file_and_mode(reactor: Any, tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as shared, socket.socket(socket.AF_UNIX) as client:
        shared.bind(str(path))
        shared.listen()
        path.chmod(0o600)
        listen(reactor, fd=shared.fileno())
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        stop(reactor)
        assert path.exists()
        client.connect(str(path))


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        ({"unix_socket": "{}"}, 0o660),
        ({"unix_socket": "{}", "unix_socket_mode": 0o600}, 0o600),
        ({"endpoints": ("unix:{}",)}, 0o660),
        ({"endpoints": ("unix:{}",), "unix_socket_mode": 0o640}, 0o640),
        ({"endpoints": ("unix:{}:mode=666",)}, 0o666),
        ({"endpoints": ("haproxy:unix:{}",)}, 0o660),
    ],
)
def test_a_unix_socket_is_for_its_user_and_group(
    reactor: Any, tmp_path: Path, options: dict[str, Any], mode: int
) -> None:
    path = tmp_path / "s"
    filled = {
        name: tuple(part.format(path) for part in value) if isinstance(value, tuple) else value
        for name, value in options.items()
    }
    if "unix_socket" in filled:
        filled["unix_socket"] = str(path)
    listen(reactor, **filled)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    stop(reactor)


@pytest.mark.parametrize("kind", ["inherited", "endpoint"])
@pytest.mark.parametrize(
    ("mode", "folder_mode", "trusted", "is_warned"),
    [
        (0o666, 0o755, ("unix",), True),
        (0o660, 0o755, ("unix",), False),
        (0o666, 0o750, ("unix",), False),
        (0o666, 0o755, ("127.0.0.1",), False),
    ],
)
def test_a_socket_that_every_user_can_reach_and_is_believed_is_warned_of(
    reactor: Any, open_folder: Path, caplog: Any, kind: str, mode: int, folder_mode: int, trusted: Any, is_warned: bool
) -> None:
    open_folder.chmod(folder_mode)
    path = open_folder / "s"
    with socket.socket(socket.AF_UNIX) as shared:
        if kind == "inherited":
            shared.bind(str(path))
            path.chmod(mode)
            listen(reactor, fd=shared.fileno(), trusted_proxies=trusted)
        else:
            listen(reactor, endpoints=(f"unix:{path}:mode={mode:o}",), trusted_proxies=trusted)
        stop(reactor)
    assert [record.levelname for record in caplog.records] == ["WARNING"] * is_warned
    assert (f"Every user of this machine can connect to '{path}'" in caplog.text) == is_warned


def test_an_abstract_socket_is_open_to_all(reactor: Any, caplog: Any) -> None:
    with socket.socket(socket.AF_UNIX) as shared:
        shared.bind(f"\0towpath-{os.getpid()}")
        listen(reactor, fd=shared.fileno(), trusted_proxies=("unix",))
        stop(reactor)
    assert "Every user of this machine can connect" in caplog.text


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder below folders that every user can go through."""
    with TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


def test_descriptor_0_is_one_too(reactor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as shared:
        dup, fromfd = os.dup, socket.fromfd
        monkeypatch.setattr("os.dup", lambda fd: dup(shared.fileno() if fd == 0 else fd))
        monkeypatch.setattr("socket.fromfd", lambda fd, *rest: fromfd(shared.fileno() if fd == 0 else fd, *rest))
        assert listen(reactor, fd=0) == ["inherited descriptor 0"]
        assert any(hasattr(port, "stopListening") for port in reactor.getReaders())
        stop(reactor)


def test_a_bound_socket_that_does_not_listen_yet_is_made_to(reactor: Any) -> None:
    with socket.socket() as shared:
        shared.bind(("127.0.0.1", 0))
        listen(reactor, fd=shared.fileno())
        assert shared.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        stop(reactor)


def test_a_descriptor_that_is_not_a_socket_is_a_clear_message(reactor: Any, tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file, pytest.raises(CannotListen, match="is not an open socket"):
        listen(reactor, fd=file.fileno())
    with pytest.raises(CannotListen, match="descriptor 9999 is not an open socket"):
        listen(reactor, fd=9999)
    with socket.socket(type=socket.SOCK_DGRAM) as datagrams, pytest.raises(CannotListen, match="not one for streams"):
        listen(reactor, fd=datagrams.fileno())
