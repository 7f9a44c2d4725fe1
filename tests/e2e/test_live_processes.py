"""Crashed processes of a live test are noticed: clients do not wait for them, and the test says so."""

import socket
import sys
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest

from towpath.testing import live_processes
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
    monkeypatch.setattr(worker, "_work", lambda: sys.exit(3), raising=False)
    monkeypatch.setattr(live_processes, "connections", SimpleNamespace(close_all=lambda: None))  # there are no settings
    worker.start()
    worker._process.join()
    with pytest.raises(RuntimeError, match="the worker of a live test ended with 3 before the test did"):
        worker.stop()


def _stop_when_dead(server: Any) -> None:
    server._process.wait()
    server.stop()
