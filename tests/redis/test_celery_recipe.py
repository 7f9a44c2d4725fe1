"""The Celery recipe of `docs/recipes.md` in a real worker of Celery's: a process of its own, with Redis between."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from celery import Celery

from towpath.layers import Grouped
from towpath.layers.redis import RedisChannelLayer

RECIPES = Path(__file__).parents[2] / "docs" / "recipes.md"
BLOCK = re.compile(r"^```python\n# (?P<path>\S+)\.py\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
FILES = ("mysite/__init__", "mysite/celery", "reports/tasks")
SETTINGS = """
SECRET_KEY = "for tests"
INSTALLED_APPS = ["towpath", "reports"]
CHANNEL_LAYERS = {{"default": {{
    "BACKEND": "towpath.layers.redis.RedisChannelLayer", "CONFIG": {{"hosts": ["{url}"]}}, "ROUTING": []
}}}}
CELERY_BROKER_URL = "{url}"
"""
#: Nothing here takes that long, in seconds.
PATIENCE = 60


@pytest.fixture
def celery_worker(redis_url: str, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """A worker of the recipe's project, as its users start it; called, it returns what it has written."""
    blocks = {match["path"]: match["text"] for match in BLOCK.finditer(RECIPES.read_text(encoding="utf-8"))}
    for name, text in {
        **{name: blocks[name] for name in FILES},
        "mysite/settings": SETTINGS.format(url=redis_url),
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.py").write_text(text)
    log = tmp_path / "celery.log"
    options = ["--concurrency", "2", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "mysite", "worker", *options],
            cwd=tmp_path,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield log.read_text
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_task_in_a_worker_of_celery_sends_to_the_sockets_of_a_group(
    redis_url: str, celery_worker: Callable[[], str]
) -> None:
    """Two tasks, in two processes that Celery has forked, for a group with one socket."""

    async def pages(layer: RedisChannelLayer) -> list[dict[str, str]]:
        edge = layer.edge()
        await edge.open()
        try:
            edge.opened("socket")
            layer.group_add("user-7", edge.inbox + "socket")
            with Celery(broker=redis_url, set_as_current=False) as celery:
                for _ in range(2):
                    celery.send_task("reports.tasks.make_report", [7, 3])
            found: list[dict[str, str]] = []
            deadline = time.monotonic() + PATIENCE
            while len(found) < 6:
                assert time.monotonic() < deadline, celery_worker()
                events = await edge.receive()
                found += [event.content for event in events if isinstance(event, Grouped) and "socket" in event.locals]
            return found
        finally:
            await edge.close()

    with closing(RedisChannelLayer(hosts=[redis_url])) as layer:
        found = asyncio.run(pages(layer))
    expected = [f'{{"page": {page}, "of": 3}}' for page in (1, 2, 3)]
    assert sorted(content["text"] for content in found) == sorted(expected * 2)
