"""`manage.py towpath` on real processes: the state of a site, and a restart of its workers under load."""

import asyncio
import json
import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import redis
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from towpath.layers.survey import ProcessRecord, Survey


class Supervisor:
    """Keeps a number of workers running, as the supervisors of deploy/ do."""

    def __init__(self, stack: Any, count: int) -> None:
        self._stack = stack
        self._stopping = threading.Event()
        self.workers = [stack.worker() for _ in range(count)]
        self.ended: list[int] = []
        self._thread = threading.Thread(target=self._keep)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _keep(self) -> None:
        while not self._stopping.wait(0.05):
            for position, worker in enumerate(self.workers):
                if not worker.is_running:
                    self.ended.append(worker.wait())
                    self.workers[position] = self._stack.worker()


@pytest.fixture
def supervise(stack: Any) -> Iterator[Callable[[int], Supervisor]]:
    """Start supervised workers."""
    started: list[Supervisor] = []

    def start(count: int) -> Supervisor:
        started.append(Supervisor(stack, count))
        return started[-1]

    yield start
    for supervisor in started:
        supervisor.stop()


@pytest.fixture
def status(stack: Any) -> Callable[[], dict[str, Any]]:
    """Request the state of the site."""

    def ask() -> dict[str, Any]:
        process = stack.project.manage("towpath", "status", "--json")
        assert process.wait() == 0, process.output
        found: dict[str, Any] = json.loads(process.output)
        return found

    return ask


def alive_workers(stack: Any) -> list[ProcessRecord]:
    """Return the records of the workers that hold a lease."""
    survey: Survey = stack.layer.survey()
    held = {owner for owner, _ in survey.leases()}
    return [record for record in survey.processes() if record.kind == "worker" and not held.isdisjoint(record.owners)]


async def ask_pages(address: str, status_of: Callable[[str], int], stop: asyncio.Event) -> tuple[set[int], float]:
    """Request a page repeatedly; return the statuses, and the longest time without an answer in seconds."""
    statuses, longest, before = set(), 0.0, time.monotonic()
    while not stop.is_set():
        statuses.add(await asyncio.to_thread(status_of, address))
        now = time.monotonic()
        longest, before = max(longest, now - before), now
        await asyncio.sleep(0.01)  # the load: up to a hundred pages a second, and processors for the new workers
    return statuses, longest


def test_workers_are_restarted_one_by_one_while_pages_are_answered(
    stack: Any,
    supervise: Any,
    status: Any,
    wait_until: Any,
    within_patience: Any,
    status_of: Callable[[str], int],
    report: Callable[[str], None],
) -> None:
    _, port = stack.interface()
    supervisor = supervise(2)
    wait_until(lambda: len(alive_workers(stack)) == 2)
    before = {worker.pid for worker in alive_workers(stack)}

    async def scene() -> tuple[set[int], float, Any]:
        stop = asyncio.Event()
        async with connect(f"ws://127.0.0.1:{port}/echo/") as client:
            asking = asyncio.create_task(ask_pages(f"http://127.0.0.1:{port}/hello/", status_of, stop))
            command = stack.project.manage("towpath", "restart")
            assert await asyncio.to_thread(command.wait) == 0, command.output
            stop.set()
            statuses, longest = await asking
            await client.send("still open")
            assert await client.recv() == "still open"
        return statuses, longest, command

    statuses, longest, command = within_patience(scene())
    report(f"longest time without a page during a restart of two workers: {longest:.2f} s")
    assert statuses == {200}
    assert longest < 30
    assert "2 workers were restarted" in command.output
    assert before.isdisjoint(worker["pid"] for worker in status()["workers"])
    assert supervisor.ended == [0, 0]


def test_a_restart_stops_at_the_first_worker_that_is_not_replaced(stack: Any, wait_until: Any) -> None:
    workers = [stack.worker(), stack.worker()]
    wait_until(lambda: len(alive_workers(stack)) == 2)
    command = stack.project.manage("towpath", "restart", "--timeout", "3")
    assert command.wait() == 1
    assert "was not replaced within 3 s: see the log of its supervisor" in command.output
    assert sorted(worker.is_running for worker in workers) == [False, True]


def test_a_restart_without_workers_is_an_error(stack: Any) -> None:
    command = stack.project.manage("towpath", "restart")
    assert command.wait() == 1
    assert "No worker of this machine is running" in command.output


def test_the_status_names_processes_queues_and_slow_consumers(
    faulty: Any, status: Any, within_patience: Any, wait_until: Any
) -> None:
    _, port = faulty.interface()
    faulty.worker("--slow-after", "1", "--threads", "1")

    async def scene() -> None:
        async with connect(f"ws://127.0.0.1:{port}/") as client, connect(f"ws://127.0.0.1:{port}/") as other:
            await client.send("hang")
            await other.send("waits")
            await asyncio.to_thread(wait_until, lambda: any(worker.slow for worker in alive_workers(faulty)))
            found = status()
            [worker], [interface] = found["workers"], found["interfaces"]
            assert worker["slow"][0].startswith("consumers.receive on websocket.receive for ")
            assert (worker["numbers"], worker["is_alive"]) == ({"threads": 1, "busy": 1}, True)
            assert interface["numbers"]["sockets"] == 2
            [queue] = [queue for queue in found["queues"] if queue["channel"] == "websocket.receive"]
            assert queue["depth"] == 1
            assert found["redis"]["version"]
            text = faulty.project.manage("towpath", "status")
            assert await asyncio.to_thread(text.wait) == 0
            assert "  slow: consumers.receive on websocket.receive" in text.output
            (faulty.project.folder / "let-go").touch()
            assert await client.recv() == "hang"
            assert await other.recv() == "waits"

    within_patience(scene())


def test_the_status_of_a_large_site_costs_redis_little(
    stack: Any, status: Any, redis_url: str, report: Callable[[str], None]
) -> None:
    """1,000 groups of 10,000 sockets, 100 queues: nothing of them is searched, so that they cost nothing."""
    routes = [f'route("job.{number}", "consumers.echo")' for number in range(100)]
    stack.project.write("routes.py", f"from towpath import route\nchannel_routing = [{', '.join(routes)}]\n")
    for number in range(100):
        stack.layer.send(f"job.{number}", {})
    with redis.Redis.from_url(redis_url) as client:
        with client.pipeline() as pipeline:
            for number in range(10_000):
                pipeline.zadd(f"e2e:{{group-{number % 1000}}}:marks", {f"interface.x!{number}": 9e9})
                pipeline.hset("e2e:{interface.x!}:wills", str(number), "/")
            pipeline.execute()
        client.config_resetstat()
        assert len([queue for queue in status()["queues"] if queue["depth"] == 1]) == 100
        commands = client.info("commandstats")
    usec = sum(found["usec"] for name, found in commands.items() if not name.startswith("cmdstat_config"))
    report(f"a status of 100 queues took {usec / 1000:.1f} ms of Redis")
    assert not {"cmdstat_keys", "cmdstat_scan"} & set(commands)
    assert sum(found["calls"] for found in commands.values()) < 1000


def test_every_line_of_both_processes_is_json_if_it_is_asked_for(stack: Any) -> None:
    interface, _ = stack.interface("--log-format", "json")
    worker = stack.worker("--log-format", "json")
    for process in (interface, worker):
        process.wait_for('"message": ')
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
        lines = [json.loads(line) for line in process.output.splitlines()]
        assert {"time", "level", "logger", "message", "process"} <= set(lines[0])


def test_messages_that_wait_are_shown_and_purged(stack: Any) -> None:
    stack.layer.send("websocket.receive", {"text": "hello", "path": "/"})
    stack.layer.group_add("room", "interface.x!a")

    def run(*arguments: str) -> Any:
        process = stack.project.manage("towpath", *arguments)
        return process.wait(), process.output

    assert run("peek", "websocket.receive")[1].endswith("s  text='hello'  path='/'\n")
    assert json.loads(run("peek", "websocket.receive", "--json")[1])[0]["content"] == {"text": "hello", "path": "/"}
    assert json.loads(run("groups", "--json")[1])["groups"] == [{"group": "room", "marks": 1, "members": 1}]
    channels = {state["channel"]: state["depth"] for state in json.loads(run("channels", "--json")[1])}
    assert channels["websocket.receive"] == 1
    assert run("purge", "websocket.receive") == (
        1,
        "CommandError: 1 messages wait in websocket.receive: --yes drops them\n",
    )
    assert run("purge", "websocket.receive", "--yes") == (0, "1 messages of websocket.receive were dropped\n")
    assert run("peek", "not a channel!!")[0] == 1


def test_a_check_before_a_deployment_asks_redis_and_a_plain_check_does_not(stack: Any) -> None:
    def check(*arguments: str) -> tuple[int, str]:
        process = stack.project.manage("check", *arguments)
        return process.wait(), process.output

    code, output = check("--deploy")
    assert code == 0
    assert "towpath.W020) CHANNEL_LAYERS['default']: maxmemory is not set" in output
    assert "Write `maxmemory 512mb` in redis.conf" in output
    assert "towpath.W020" not in check()[1]
    assert check("--deploy", "--fail-level", "WARNING")[0] == 1


def test_a_paused_channel_keeps_its_messages_over_a_restart_of_the_worker_until_it_is_resumed(
    stack: Any, status: Any, wait_until: Any, within_patience: Any, free_port: int
) -> None:
    metrics = f"127.0.0.1:{free_port}"
    _, port = stack.interface()
    worker = stack.worker("--metrics", metrics)

    def depth() -> int:
        return int(stack.layer.channel_statistics("websocket.receive")["messages_pending"])

    def run(*arguments: str) -> Any:
        process = stack.project.manage("towpath", *arguments)
        return process.wait(), process.output

    def page(path: str) -> str:
        with urlopen(f"http://{metrics}{path}", timeout=30) as response:
            return str(response.read().decode())

    def has_learned() -> bool:
        return [list(each.paused) for each in alive_workers(stack)] == [["websocket.receive"]]

    async def scene() -> None:
        async with connect(f"ws://127.0.0.1:{port}/echo/") as client:
            code, output = await asyncio.to_thread(run, "pause", "websocket.receive", "--json")
            assert (code, json.loads(output)["still_running"]) == (0, [])
            await client.send("waits")
            await asyncio.to_thread(wait_until, lambda: depth() == 1)
            worker.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(worker.wait) == 0
            stack.worker("--metrics", metrics)
            await asyncio.to_thread(wait_until, has_learned)
            assert '"paused": ["websocket.receive"]' in page("/ready")
            assert (depth(), status()["paused"]) == (1, {"websocket.receive": None})
            assert 'towpath_queue_paused{channel="websocket.receive"} 1.0' in page("/metrics/layer")
            assert await asyncio.to_thread(run, "resume", "websocket.receive") == (0, "websocket.receive is resumed\n")
            assert await client.recv() == "waits"
            code, output = await asyncio.to_thread(run, "resume", "websocket.receive")
            assert (code, output) == (1, "CommandError: websocket.receive is not paused\n")

    within_patience(scene())


KNOWN_CONSUMERS = """
from towpath import Group
from towpath.sessions import channel_session

@channel_session
def connect(message):
    message.channel_session["_auth_user_id"] = message["query_string"].decode()
    Group("room").add(message.reply_channel)
    message.reply_channel.send({"accept": True})
"""


def screen_of(folder: Path, until: str) -> tuple[int, str]:
    """Run `towpath top` on a terminal of its own until it shows a text, press `q`; return exit code and output."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "150", "LINES": "50"}
    command = [sys.executable, "manage.py", "towpath", "top", "--interval", "0.2"]
    with subprocess.Popen(command, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while until.encode() not in shown:
                assert select.select([ours], [], [], 60)[0], shown
                shown += os.read(ours, 4096)
            os.write(ours, b"q")
            while process.poll() is None and select.select([ours], [], [], 60)[0]:
                try:
                    shown += os.read(ours, 4096)
                except OSError:  # its end has closed the terminal
                    break
            return process.wait(60), shown.decode()
        finally:
            process.kill()
            os.close(ours)


def test_sockets_are_listed_and_closed_and_a_server_drained_by_its_name(
    stack: Any, status: Any, within_patience: Any
) -> None:
    stack.project.write("consumers.py", KNOWN_CONSUMERS)
    routes = "from towpath import route\nchannel_routing = [route('websocket.connect', 'consumers.connect')]\n"
    stack.project.write("routes.py", routes)
    interface, port = stack.interface("--grace", "10")
    stack.worker()

    def run(*arguments: str) -> tuple[int, Any]:
        process = stack.project.manage("towpath", *arguments)
        code = process.wait()
        return code, json.loads(process.output) if "--json" in arguments else process.output

    async def scene() -> None:
        async with connect(f"ws://127.0.0.1:{port}/a/?7") as client, connect(f"ws://127.0.0.1:{port}/b/?8") as other:
            code, found = await asyncio.to_thread(run, "sockets", "--json")
            assert (code, found["count"], found["unanswered"]) == (0, 2, [])
            assert [(each["path"], each["user"]) for each in found["sockets"]] == [("/a/", "7"), ("/b/", "8")]
            assert found["sockets"][0]["client"].startswith("127.0.0.1:")
            code, found = await asyncio.to_thread(run, "sockets", "--group", "room", "--path", "/b*", "--json")
            assert [each["user"] for each in found["sockets"]] == ["8"]
            assert await asyncio.to_thread(run, "kick") == (
                1,
                "CommandError: name the sockets to close: by channel, user, group or path\n",
            )
            closed = await asyncio.to_thread(run, "kick", "--user", "7", "--code", "4403", "--reason", "out")
            assert closed == (0, "1 WebSockets were closed with 4403\n")
            with pytest.raises(ConnectionClosed, match="4403"):
                await client.recv()
            assert await asyncio.to_thread(run, "kick", "--user", "7") == (
                1,
                "CommandError: No open WebSocket matches\n",
            )
            [server] = status()["interfaces"]
            name = f"{server['host']}:{server['pid']}"
            code, shown = await asyncio.to_thread(screen_of, stack.project.folder, name)
            assert code == 0
            assert "Queues" in shown
            code, output = await asyncio.to_thread(run, "drain", name)
            assert (code, output.splitlines()[-1]) == (0, f"{name} has ended")
            with pytest.raises(ConnectionClosed, match="1012"):
                await other.recv()
            code, output = await asyncio.to_thread(run, "drain", name)
            assert (code, output) == (1, f"CommandError: No interface server is called {name!r}. Running: none\n")

    within_patience(scene())
    assert interface.wait() == 0
    assert "An operator drains this server" in interface.output
