"""The longest time without a page while the workers of a site restart: all at once, and one after the other.

    python -m bench.rolling [--rounds N] [--workers N] [--sockets N]

The site is the shipped one: `deploy/supervisor.conf`, once with `supervisorctl restart 'worker:*'` and once with
`deploy/restart`, in turns in one run. Meanwhile a client asks for pages, and sockets send texts. Prints a table in
Markdown.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count, pairwise
from pathlib import Path
from types import TracebackType

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from towpath.layers.redis import RedisChannelLayer

from .systems.processes import Processes, answers, free_port, running_processes, stop_on_signals
from .systems.towpath import APPS

DEPLOY = Path(__file__).parents[1] / "deploy"
PROGRAMS = Path(sys.executable).parent
CONTROL = [str(PROGRAMS / "supervisorctl"), "-c", str(DEPLOY / "supervisor.conf")]
#: The ways to restart, by the command of an operator.
WAYS: Mapping[str, Sequence[str]] = {
    "restart 'worker:*'": [*CONTROL, "restart", "worker:*"],
    "deploy/restart": [str(DEPLOY / "restart")],
}
#: Pause before and after a restart, in seconds.
REST_SECONDS = 3.0
RESTART_SECONDS = 120.0
LOOK_SECONDS = 0.1
#: Pauses between two pages, and between two texts of a socket, in seconds.
PAGE_SECONDS, TEXT_SECONDS = 0.02, 0.2
#: How long the last echoes may take, in seconds.
LAST_SECONDS = 10.0

MANAGE = """\
import sys

from django.core.management import execute_from_command_line

execute_from_command_line(sys.argv)
"""


@dataclass(frozen=True, slots=True)
class Round:
    """A restart: the longest time without a page, the slowest echo, and how long the restart took, in seconds."""

    way: str
    without_page_seconds: float
    slowest_echo_seconds: float
    took_seconds: float


@dataclass(frozen=True, slots=True)
class Site:
    """The shipped site as supervisor runs it."""

    port: int
    redis_url: str
    environment: Mapping[str, str]
    folder: Path
    workers: int

    def restart(self, way: str) -> None:
        """Restart the workers, and wait until none of the former ones is left and all are back.

        Raises:
            RuntimeError: the command failed, or too few workers run afterwards.
        """
        before = self.serving()
        done = subprocess.run(WAYS[way], cwd=self.folder, env=self.environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{way} failed:\n{done.stdout}{done.stderr}")
        deadline = time.monotonic() + RESTART_SECONDS
        while len(now := self.serving()) < self.workers or now & before:
            if time.monotonic() > deadline:
                raise RuntimeError(f"after {way} {len(now)} of {self.workers} workers run")
            time.sleep(LOOK_SECONDS)

    def serving(self) -> set[str]:
        """Return the ids of the workers that hold a lease."""
        with closing(RedisChannelLayer(hosts=[self.redis_url])) as layer:
            survey = layer.survey()
            held = {owner for owner, _ in survey.leases()}
            return {found.id for found in survey.processes() if found.kind == "worker" and held & set(found.owners)}


@contextmanager
def running_site(workers: int) -> Iterator[Site]:
    """Run the shipped site with an empty project; all of it has ended afterwards."""
    with running_processes() as processes:
        site = _site(processes.folder, workers)
        supervisord = [str(PROGRAMS / "supervisord"), "--nodaemon", "-c", str(DEPLOY / "supervisor.conf")]
        processes.start("supervisor", supervisord, site.environment)
        try:
            _wait_for_workers(processes, site)
            yield site
        finally:
            subprocess.run([*CONTROL, "stop", "all"], env=site.environment, capture_output=True, check=False)


def _site(folder: Path, workers: int) -> Site:
    (folder / "logs").mkdir()
    (folder / "manage.py").write_text(MANAGE)
    (folder / "site_asgi.py").write_text(
        "from towpath import get_channel_layer\n\nchannel_layer = get_channel_layer()\n"
    )
    port, url = free_port(), f"unix://{folder}/redis.sock"
    variables = {
        "TOWPATH_PROJECT": str(folder),
        "TOWPATH_APPLICATION": "site_asgi:channel_layer",
        "TOWPATH_PROGRAMS": str(PROGRAMS),
        "TOWPATH_STATE": str(folder),
        "TOWPATH_SOCKET": str(folder / "supervisor.sock"),
        "TOWPATH_ADDRESS": f"127.0.0.1:{port}",
        "TOWPATH_INTERFACES": "1",
        "TOWPATH_WORKERS": str(workers),
        "TOWPATH_FILES": "1000",
        "TOWPATH_REDIS_SERVER": "redis-server",
        "TOWPATH_REDIS_SOCKET": f"{folder}/redis.sock",
        "TOWPATH_REDIS_MEMORY": "100mb",
        "TOWPATH_WORKER_THREADS": "4",
        "BENCH_REDIS_URL": url,
        "BENCH_SYSTEM": "towpath",
        "DJANGO_SETTINGS_MODULE": "bench_settings",
        "PYTHONPATH": f"{APPS}{os.pathsep}{folder}",
    }
    return Site(port, url, {**os.environ, **variables}, folder, workers)


def _wait_for_workers(processes: Processes, site: Site) -> None:
    processes.wait(answers(f"http://127.0.0.1:{site.port}/hello/"), "a page")
    processes.wait(lambda: len(site.serving()) == site.workers, "all workers")


class Visitors:
    """Visits the site at an address from the beginning of its `async with` block to its end."""

    def __init__(self, address: str, sockets: int) -> None:
        self._address = address
        self._sockets = sockets
        self._tasks: list[asyncio.Task[None]] = []
        self._clients: list[ClientConnection] = []
        self._is_ending = False
        #: The times when pages came, by `time.monotonic`; pages that were not answered with 200; sockets that closed.
        self._pages: list[float] = []
        self._bad_pages = 0
        self._closed = 0
        #: When each echo came, and how long it took; and the texts that were sent.
        self._echoes: list[tuple[float, float]] = []
        self._sent = 0

    async def __aenter__(self) -> "Visitors":
        self._clients = [await connect(f"ws://{self._address}/echo/") for _ in range(self._sockets)]
        self._tasks = [asyncio.create_task(self._ask_for_pages())]
        for client in self._clients:
            under_way: dict[str, float] = {}
            self._tasks.append(asyncio.create_task(self._send(client, under_way)))
            self._tasks.append(asyncio.create_task(self._receive(client, under_way)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_ending = True
        deadline = time.monotonic() + LAST_SECONDS
        while len(self._echoes) < self._sent and time.monotonic() < deadline:
            await asyncio.sleep(TEXT_SECONDS)
        for client in self._clients:
            await client.close()
        await asyncio.gather(*self._tasks)

    def without_page(self, since: float) -> float:
        """Return the longest time without a page that ended after `since`, in seconds."""
        return max(later - earlier for earlier, later in pairwise(self._pages) if later >= since)

    def slowest_echo(self, since: float) -> float:
        """Return how long the slowest echo took of those that came after `since`, in seconds."""
        return max((seconds for came_at, seconds in self._echoes if came_at >= since), default=0.0)

    def losses(self) -> str:
        """Return a sentence about pages, texts and sockets that were lost."""
        return (
            f"{len(self._pages)} pages, {self._bad_pages} of them refused; {self._sent} texts, "
            f"{self._sent - len(self._echoes)} of them lost; {self._closed} of {self._sockets} sockets closed."
        )

    async def _ask_for_pages(self) -> None:
        host, port = self._address.split(":")
        request = f"GET /hello/ HTTP/1.1\r\nHost: {self._address}\r\nConnection: close\r\n\r\n".encode()
        while not self._is_ending:
            try:
                reader, writer = await asyncio.open_connection(host, int(port))
                writer.write(request)
                answer = await reader.read()
                writer.close()
            except OSError:
                answer = b""
            if answer.startswith(b"HTTP/1.1 200"):
                self._pages.append(time.monotonic())
            else:
                self._bad_pages += 1
            await asyncio.sleep(PAGE_SECONDS)

    async def _send(self, client: ClientConnection, under_way: dict[str, float]) -> None:
        for number in count():
            if self._is_ending:
                return
            under_way[str(number)] = time.monotonic()
            try:
                await client.send(str(number))
            except ConnectionClosed:
                return
            self._sent += 1
            await asyncio.sleep(TEXT_SECONDS)

    async def _receive(self, client: ClientConnection, under_way: dict[str, float]) -> None:
        try:
            async for text in client:
                now = time.monotonic()
                self._echoes.append((now, now - under_way.pop(str(text))))
        except ConnectionClosed:
            pass  # counted as every other one
        self._closed += not self._is_ending


async def measured(site: Site, way: str, visitors: Visitors) -> Round:
    """Restart in one way under load."""
    await asyncio.sleep(REST_SECONDS)
    began = time.monotonic()
    await asyncio.to_thread(site.restart, way)
    took = time.monotonic() - began
    await asyncio.sleep(REST_SECONDS)
    return Round(way, visitors.without_page(began), visitors.slowest_echo(began), took)


async def run(options: argparse.Namespace, site: Site) -> tuple[list[Round], str]:
    """Return the rounds, and the losses of the visitors in a sentence."""
    async with Visitors(f"127.0.0.1:{site.port}", options.sockets) as visitors:
        ways = [way for number in range(options.rounds) for way in list(WAYS)[:: 1 if number % 2 else -1]]
        rounds = [await measured(site, way, visitors) for way in ways]
    return rounds, visitors.losses()


def table(rounds: Sequence[Round]) -> str:
    """Return the rounds as a table in Markdown, the longest times of each way first."""
    lines = [
        "| restart | longest time without a page, s | slowest echo, s | the restart took, s |",
        "|---|---|---|---|",
    ]
    for way in WAYS:
        found = sorted((each for each in rounds if each.way == way), key=lambda each: -each.without_page_seconds)
        columns = [
            ", ".join(f"{getattr(each, name):.2f}" for each in found)
            for name in ("without_page_seconds", "slowest_echo_seconds", "took_seconds")
        ]
        lines.append(f"| `{way}` | {' | '.join(columns)} |")
    return "\n".join(lines)


def main() -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(prog="bench.rolling", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=3, help="restarts of each kind (default: 3)")
    parser.add_argument("--workers", type=int, default=2, help="worker processes (default: 2)")
    parser.add_argument("--sockets", type=int, default=40, help="sockets with five texts a second each (default: 40)")
    options = parser.parse_args()
    stop_on_signals()
    with running_site(options.workers) as site:
        rounds, losses = asyncio.run(run(options, site))
    sys.stdout.write(f"{table(rounds)}\n\n{losses}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
