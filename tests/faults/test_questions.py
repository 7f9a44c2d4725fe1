"""The questions of `docs/runbooks.md`, asked of a real site with a hung consumer: each command gives the answer."""

import asyncio
import re
import shlex
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from ..ports import free_port
from ..structure.test_runbooks import questions
from .test_monitoring import fetch, fetch_unix

ROOT = Path(__file__).parents[2]
#: Question -> pattern of the answer.
ANSWERS = {
    "Which queue is long, and how old is its oldest message?": r"websocket\.receive +[23] +\d+\.\d s",
    "How many messages wait where, and how many workers take them?": r"websocket\.receive +1 +[23] +\d",
    "What does a message that waits look like?": r"\d s  .*text='waits'",
    "How many sockets are open, and on which server?": r"sockets +waiting\n\S+:\d+ .* 4 +\d+\n",
    "Which sockets are these: path, user, address, age?": r"interface\.\S+ +/room/ .*127\.0\.0\.1:\d+",
    "How many workers run, what do they do, is one stuck?": r"slow: consumers\.receive on websocket\.receive for \d+ s",
    "Is this server ready, and if not, why?": r'"workers": "ok"',
    "Is the configuration right, that of Redis too?": r"towpath\.W020\) .* maxmemory is not set",
    "Which options are there, and by which variables?": r"\[TOWPATH_INTERFACE_TRUSTED_PROXIES\]",
    "Close the sockets of a user.": "No open WebSocket matches",
    "Close a room.": r"1 ",
    "Stop the consumer of a channel for a moment.": r"websocket\.receive",
}
#: Questions whose command is tried in a test of its own, by that test.
ELSEWHERE = {
    "Deploy new code without a gap.": "test_operating.py",
    "Upgrade the interface servers.": "test_operating.py",
    "Which client is slow, and why was its socket closed?": "test_operating.py",
    "Rotate the logs.": "",
    "Dashboards and alerts?": "test_shipped_monitoring.py",
    "Containers?": "",
}
METRIC = re.compile(r"\btowpath_[a-z_]*[a-z]\b(?!\.\w)")
#: The pages whose metrics must be exported.
PAGES = ("runbooks.md", "operations.md", "containers.md")


@pytest.fixture
def site(faulty: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An interface server and a worker with one thread, both with metrics; the ports are its attributes."""
    faulty.metrics_port = free_port()
    faulty.worker_metrics = tmp_path_factory.mktemp("s") / "w"
    _, faulty.port = faulty.interface("--metrics", f"127.0.0.1:{faulty.metrics_port}")
    options = "--threads", "1", "--slow-after", "1", "--metrics", f"unix:{faulty.worker_metrics}"
    faulty.running_worker = faulty.worker(*options)
    return faulty


async def hang(site: Any, clients: AsyncExitStack, wait_until: Callable[..., None]) -> None:
    """Open four sockets, one in a group; let a consumer hang and two messages wait behind it."""
    address = f"ws://127.0.0.1:{site.port}"
    hung, first, second, _ = [
        await clients.enter_async_context(connect(f"{address}{path}")) for path in ("/", "/", "/", "/room/")
    ]
    await hung.send("hang")
    await asyncio.to_thread(site.running_worker.wait_for, "A consumer is slow: ")
    await first.send("waits")
    await second.send("waits")
    waiting = lambda: site.layer.survey().queues(["websocket.receive"])[0].depth == 2  # noqa: E731
    await asyncio.to_thread(wait_until, waiting)
    slow = lambda: any(record.slow for record in site.layer.survey().processes())  # noqa: E731
    await asyncio.to_thread(wait_until, slow)


def ask(site: Any, command: str) -> str:
    """Run a command of the guide; return its output."""
    program, *arguments = shlex.split(command)
    if program == "curl":
        return fetch(arguments[0].replace(":9100/", f":{site.metrics_port}/"))[1].decode()
    if program == "manage.py":
        process = site.project.manage(*arguments)
    else:
        process = site.project.run(str(Path(sys.executable).with_name(program)), *arguments)
    process.wait()
    return str(process.output)


def test_each_question_of_an_operator_is_answered_by_its_command(
    site: Any, within_patience: Any, wait_until: Callable[..., None]
) -> None:
    rows = questions(ROOT)

    async def scene() -> dict[str, str]:
        answers = {}
        async with AsyncExitStack() as clients:
            await hang(site, clients, wait_until)
            for question, pattern in ANSWERS.items():
                command = re.findall(r"`([^`]+)`", rows[question])[0]
                answer = await asyncio.to_thread(ask, site, command)
                if not re.search(pattern, answer, re.DOTALL):
                    answers[question] = f"{command}: {answer}"
            (site.project.folder / "let-go").touch()
        return answers

    assert within_patience(scene()) == {}


def test_each_metric_of_the_guide_is_exported(site: Any, wait_until: Callable[..., None]) -> None:
    text = "\n".join((ROOT / "docs" / page).read_text(encoding="utf-8") for page in PAGES)
    wait_until(lambda: fetch(f"http://127.0.0.1:{site.metrics_port}/ready")[0] == 200)
    pages = [fetch(f"http://127.0.0.1:{site.metrics_port}/metrics")[1]]
    pages += [fetch_unix(site.worker_metrics, target)[1] for target in ("/metrics", "/metrics/layer")]
    exported = set(re.findall(r"^# TYPE (\w+) ", b"\n".join(pages).decode(), re.MULTILINE))
    named = {re.sub(r"_(bucket|count|sum|total)$", "", name) for name in METRIC.findall(text)}
    assert "towpath_queue_oldest_seconds" in named
    assert sorted(named - {re.sub(r"_total$", "", name) for name in exported}) == []


def test_every_question_is_asked_here_or_elsewhere() -> None:
    expressions = {question for question, answer in questions(ROOT).items() if "towpath_" in answer}
    assert set(questions(ROOT)) == set(ANSWERS) | set(ELSEWHERE) | expressions
    folder = Path(__file__).parent
    assert all((folder / name).exists() for name in ELSEWHERE.values())
