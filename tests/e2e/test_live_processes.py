"""Processes of a live test that die are noticed: clients do not wait for them, and the test says so."""

import socket
from contextlib import closing
from typing import Any

import pytest

from towpath.testing.live_interface import Orders
from towpath.testing.live_processes import ProtocolServerProcess, WorkerProcess


def test_a_server_that_cannot_start_refuses_its_clients_and_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    server = ProtocolServerProcess("127.0.0.1", Orders("nowhere.Layer", {}, {}))
    server.start()
    with pytest.raises(OSError), closing(socket.create_connection(("127.0.0.1", server.port), 30)) as client:
        client.settimeout(30)
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        if client.recv(1) == b"":
            raise ConnectionResetError
    with pytest.raises(RuntimeError, match="the interface server of a live test ended with 1 before the test did"):
        _stop_when_dead(server)
    assert "No module named 'nowhere'" in capfd.readouterr().err


def test_a_worker_that_ends_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    worker: Any = object.__new__(WorkerProcess)
    worker._pool = _Pool()
    worker.start()
    worker._process.join()
    with pytest.raises(RuntimeError, match="the worker of a live test ended with 3 before the test did"):
        worker.stop()


class _Pool:
    def run(self) -> int:
        return 3


def _stop_when_dead(server: Any) -> None:
    server._process.wait()
    server.stop()
