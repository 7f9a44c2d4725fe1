"""The Redis of deploy/, started with its own command line."""

import re
import shlex
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from towpath.layers.redis import RedisChannelLayer

UNIT = Path(__file__).parents[2] / "deploy" / "systemd" / "towpath-redis.service"


@pytest.fixture
def shipped(tmp_path: Path) -> Iterator[tuple[psutil.Process, Path]]:
    """A server with the command of the unit, in a folder of the test; its process and its socket."""
    path = tmp_path / "redis.sock"
    [command] = re.findall(r"^ExecStart=/usr/bin/(.*)$", UNIT.read_text(), re.MULTILINE)
    words = shlex.split(command.replace("/run/towpath-redis/redis.sock", str(path)).replace("--supervised systemd", ""))
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert any("eady to accept connections" in line for line in server.stdout), "Redis did not start"
            yield psutil.Process(server.pid), path
        finally:
            server.terminate()


def test_it_listens_on_its_socket_alone_which_other_users_cannot_open(shipped: tuple[psutil.Process, Path]) -> None:
    process, path = shipped
    assert process.net_connections(kind="inet") == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_it_refuses_when_it_is_full_and_drops_nothing(shipped: tuple[psutil.Process, Path]) -> None:
    _, path = shipped
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"CONFIG GET maxmemory*\r\n")
        answer = client.recv(4096)
    assert b"noeviction" in answer
    assert b"536870912" in answer


def test_a_layer_works_on_it(shipped: tuple[psutil.Process, Path]) -> None:
    with closing(RedisChannelLayer(hosts=[f"unix://{shipped[1]}?db=0"])) as layer:
        layer.send("channel", {"number": 1})
        assert layer.receive(["channel"]) == ("channel", {"number": 1})
