"""A site whose workers are slow until a test lets them hurry."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

#: Seconds of overload.
LOAD_SECONDS = 60.0 if os.environ.get("TOWPATH_LONG_FAULTS") == "1" else 2.0

ROUTES = """
from towpath import route
channel_routing = [
    route("websocket.connect", "consumers.connect"),
    route("websocket.receive", "consumers.receive"),
    route("websocket.disconnect", "consumers.disconnect"),
    route("http.request", "consumers.page", path=r"^/slow/$"),
    route("thumbnails", "consumers.thumbnail"),
]
"""

CONSUMERS = """
import time
from pathlib import Path
from towpath import Group

folder = Path(__file__).parent
hurry = folder / "hurry"

def work(seconds):
    if not hurry.exists():
        time.sleep(seconds)

def connect(message):
    message.reply_channel.send({"accept": True})
    if message["path"] == "/room/":
        Group("room").add(message.reply_channel)

def receive(message):
    work(0.02)
    message.reply_channel.send({"text": message["text"][:10]})

def disconnect(message):
    with (folder / "gone.txt").open("a") as lines:
        lines.write("%s\\n" % message["code"])

def page(message):
    work(0.02)
    message.reply_channel.send({"status": 200, "headers": [], "content": b"done", "more_content": False})

def thumbnail(message):
    work(0.05)
    with (folder / "thumbnails.txt").open("a") as lines:
        lines.write("%d\\n" % message["number"])
"""


@pytest.fixture
def slow(stack: Any) -> Any:
    """A stack with slow consumers; `hurry()` makes them fast."""
    stack.project.write("routes.py", ROUTES)
    stack.project.write("consumers.py", CONSUMERS)
    stack.hurry = (stack.project.folder / "hurry").touch
    return stack


@pytest.fixture
def resident_mib() -> Callable[[Any], float]:
    """Return the memory of a process, in MiB."""

    def read(process: Any) -> float:
        found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text(), re.MULTILINE)
        assert found is not None
        return int(found.group(1)) / 1024

    return read


@pytest.fixture
def load_seconds() -> float:
    """How long the overload lasts."""
    return LOAD_SECONDS
