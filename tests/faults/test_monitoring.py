"""Health and metrics of real processes while workers are missing, consumers hang, and a server drains."""

import asyncio
import http.client
import json
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from ..ports import free_port

SLOW = "A consumer is slow: "


def fetch(address: str) -> tuple[int, bytes]:
    """Fetch a page; an error is an answer, too."""
    try:
        with urlopen(address, timeout=30) as response:
            return response.status, response.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


def fetch_unix(path: Path, target: str) -> tuple[int, bytes]:
    """Fetch a page from a UNIX socket."""
    connection = http.client.HTTPConnection("localhost", timeout=30)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(path))
    connection.request("GET", target)
    with connection.getresponse() as response:
        return response.status, response.read()


def health(answer: tuple[int, bytes]) -> tuple[int, dict[str, str]]:
    return answer[0], json.loads(answer[1])["checks"]


def samples(answer: tuple[int, bytes]) -> dict[tuple[str, ...], float]:
    """Return the values of metrics by name and the values of their labels, as Prometheus reads them."""
    assert answer[0] == 200
    families = text_string_to_metric_families(answer[1].decode())
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.fixture
def metrics_port() -> int:
    return free_port()


@pytest.fixture
def sockets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s")


def test_an_interface_server_is_ready_while_workers_read_its_channels(
    faulty: Any, metrics_port: int, wait_until: Callable[..., None]
) -> None:
    options = "--metrics", f"127.0.0.1:{metrics_port}", "--health-path", "/health", "--drain-pause", "30"
    interface, port = faulty.interface(*options)
    monitoring, public = f"http://127.0.0.1:{metrics_port}", f"http://127.0.0.1:{port}/health"
    wait_until(lambda: "http.request" in health(fetch(f"{monitoring}/ready"))[1]["workers"])
    for address in (monitoring, public):
        assert fetch(f"{address}/live")[0] == 200
        status, checks = health(fetch(f"{address}/ready"))
        assert (status, checks["redis"]) == (503, "ok")
        assert checks["workers"] == "no worker takes messages from http.request, websocket.connect"
    other = faulty.worker("--only-channels", "http.*")
    wait_until(lambda: "from websocket.connect" in health(fetch(f"{monitoring}/ready"))[1]["workers"])
    faulty.worker()
    wait_until(lambda: fetch(f"{monitoring}/ready")[0] == 200)
    assert fetch(f"{public}/ready")[0] == 200
    interface.send_signal(signal.SIGTERM)
    wait_until(lambda: fetch(f"{public}/ready")[0] == 503)
    assert health(fetch(f"{monitoring}/ready"))[1]["draining"] == "the server is told to stop"
    assert fetch(f"{public}/live")[0] == 200
    interface.send_signal(signal.SIGTERM)
    assert interface.wait() == 75, interface.output
    assert other.is_running


def test_an_interface_server_is_not_ready_once_its_workers_are_killed(
    faulty: Any, metrics_port: int, wait_until: Callable[..., None]
) -> None:
    faulty.interface("--metrics", f"127.0.0.1:{metrics_port}")
    worker = faulty.worker()
    wait_until(lambda: fetch(f"http://127.0.0.1:{metrics_port}/ready")[0] == 200)
    worker.kill()
    wait_until(lambda: fetch(f"http://127.0.0.1:{metrics_port}/ready")[0] == 503)


def test_events_that_wait_inside_the_interface_server_are_counted(
    faulty: Any, metrics_port: int, within_patience: Any, wait_until: Callable[..., None]
) -> None:
    """25 sockets send 4 texts each while no worker runs: 25 are in Redis, 75 wait behind them, 100 are unfinished."""
    _, port = faulty.interface("--metrics", f"127.0.0.1:{metrics_port}")
    worker = faulty.worker()

    def found() -> dict[tuple[str, ...], float]:
        return samples(fetch(f"http://127.0.0.1:{metrics_port}/metrics"))

    async def scene() -> None:
        clients = [await connect(f"ws://127.0.0.1:{port}/") for _ in range(25)]
        worker.send_signal(signal.SIGTERM)
        await asyncio.to_thread(worker.wait)
        for client in clients:
            for number in range(4):
                await client.send(str(number))
        name = "towpath_interface_events_unfinished"
        await asyncio.to_thread(
            wait_until, lambda: (found()[name, "waiting"], found()[name, "sent"]) == (75, 25), lambda: str(found())
        )
        assert found()["towpath_interface_connections", "websocket"] == 25
        faulty.worker()
        for client in clients:
            assert [await client.recv() for _ in range(4)] == ["0", "1", "2", "3"]
            await client.close(3999)

    within_patience(scene())
    wait_until(lambda: found()["towpath_interface_websockets_closed_total", "3xxx"] == 25)
    assert found()["towpath_interface_websockets_opened_total",] == 25
    # 25 connects, 100 texts, 25 ends
    wait_until(lambda: found()["towpath_interface_events_sent_total",] >= 150, lambda: str(found()))


async def be_hostile(port: int, name: str) -> None:
    """Use a name in each place where a client may choose one."""
    for path in (f"/{name}", f"/?{name}", "/break/nothing"):
        await asyncio.to_thread(fetch, f"http://127.0.0.1:{port}{path}")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{name} /{name} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
    await reader.read()
    writer.close()
    try:
        async with connect(f"ws://127.0.0.1:{port}/{name}", subprotocols=[name], user_agent_header=name) as client:
            await client.close(3000 + len(name))
    except WebSocketException:
        return


def test_no_name_of_a_client_becomes_a_series(
    faulty: Any, metrics_port: int, sockets: Path, within_patience: Any, wait_until: Callable[..., None]
) -> None:
    _, port = faulty.interface("--metrics", f"127.0.0.1:{metrics_port}")
    faulty.worker("--metrics", f"unix:{sockets}/w")

    def series() -> set[tuple[str, ...]]:
        pages = (
            fetch(f"http://127.0.0.1:{metrics_port}/metrics"),
            *(fetch_unix(sockets / "w", target) for target in ("/metrics", "/metrics/layer")),
        )
        return {name for page in pages for name in samples(page)}

    wait_until(lambda: fetch(f"http://127.0.0.1:{metrics_port}/ready")[0] == 200)
    within_patience(be_hostile(port, "first"))
    before = series()
    for name in ("second", "third-name", "x" * 200):
        within_patience(be_hostile(port, name))
    assert series() == before
    assert len(before) < 800


def test_a_consumer_that_hangs_is_seen_with_its_name_and_stack(
    faulty: Any, sockets: Path, within_patience: Any, wait_until: Callable[..., None]
) -> None:
    _, port = faulty.interface()
    worker = faulty.worker("--metrics", f"unix:{sockets}/w", "--slow-after", "1", "--threads", "1")
    path = sockets / "w"

    async def scene() -> None:
        async with connect(f"ws://127.0.0.1:{port}/") as client:
            await client.send("text")
            assert await client.recv() == "text"
            assert (await asyncio.to_thread(fetch_unix, path, "/ready"))[0] == 200
            await client.send("hang")
            await asyncio.to_thread(worker.wait_for, f"{SLOW}consumers.receive on websocket.receive for ", 2)
            await asyncio.to_thread(worker.wait_for, "in hang\n")
            status, checks = health(await asyncio.to_thread(fetch_unix, path, "/ready"))
            assert (status, checks["threads"]) == (503, "all 1 threads run slow consumers")
            assert (await asyncio.to_thread(fetch_unix, path, "/live"))[0] == 200
            found = samples(await asyncio.to_thread(fetch_unix, path, "/metrics"))
            assert found["towpath_worker_slow_consumers",] == 1
            assert found["towpath_worker_slow_consumers_seen_total",] == 1
            assert found["towpath_worker_threads", "busy"] == 1
            assert found["towpath_worker_messages_total", "websocket.receive", "handled"] == 1
            faulty.layer.send("websocket.disconnect", {"reply_channel": "none", "path": "/"})
            stored = samples(await asyncio.to_thread(fetch_unix, path, "/metrics/layer"))
            assert stored["towpath_queue_depth", "websocket.disconnect"] == 1
            assert stored["towpath_leases", "interface"] == 1
            (faulty.project.folder / "let-go").touch()
            assert await client.recv() == "hang"

    within_patience(scene())
    wait_until(lambda: fetch_unix(path, "/ready")[0] == 200)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait() == 0
    assert not path.exists()


def test_an_address_that_is_taken_is_an_error_that_names_it(faulty: Any, metrics_port: int) -> None:
    with socket.create_server(("127.0.0.1", metrics_port)):
        worker = faulty.worker("--metrics", f"127.0.0.1:{metrics_port}")
        assert worker.wait() == 1
        assert f"cannot listen on 127.0.0.1:{metrics_port} for metrics" in worker.output
