"""The split system of the end-to-end tests, with consumers that break things on request."""

import os
import sys
from collections.abc import Callable
from typing import Any

import pytest

from ..e2e import conftest as _processes
from ..e2e.promises import conftest as _stacks

project = _processes.project
free_port = _processes.free_port
status_of = _processes.status_of
stack = _stacks.stack
within_patience = _stacks.within_patience_fixture
wait_until = _stacks.wait_until_fixture

ROUTES = """
from towpath import route
channel_routing = [
    route("websocket.connect", "consumers.connect"),
    route("websocket.receive", "consumers.receive"),
    route("websocket.disconnect", "consumers.disconnect"),
    route("http.request", "consumers.request", path=r"^/break/"),
]
"""

CONSUMERS = """
import ctypes, os, signal, time
from pathlib import Path
from towpath import Group
from towpath.sessions import channel_session

folder = Path(__file__).parent
hoard = []

def kill(): os.kill(os.getpid(), signal.SIGKILL)
def exit(): os._exit(3)
def crash(): ctypes.string_at(0)
def hang():
    while not (folder / "let-go").exists():
        time.sleep(0.01)
def leak(): hoard.append(bytearray(os.urandom(1) * (40 * 1024 * 1024)))

BREAKS = {action.__name__: action for action in (kill, exit, crash, hang, leak)}

def note(name, text):
    with (folder / name).open("a") as lines:
        lines.write(text + "\\n")

@channel_session
def connect(message):
    message.reply_channel.send({"accept": True})
    message.channel_session["said"] = []
    if message["path"] == "/room/":
        Group("room").add(message.reply_channel)

@channel_session
def receive(message):
    text = message["text"]
    if text in BREAKS:
        note("begun.txt", text)
        BREAKS[text]()
    if text.startswith("remember"):
        message.channel_session["said"] = message.channel_session["said"] + [text]
    if text.startswith("slow"):
        time.sleep(0.2)
        note("handled.txt", message.reply_channel.name + " " + text)
    message.reply_channel.send({"text": text})

@channel_session
def disconnect(message):
    said = ",".join(message.channel_session.get("said", []))
    note("gone.txt", "%s %s %s %s" % (message.reply_channel.name, message["path"], message["code"], said))

def request(message):
    note("requests.txt", message["path"])
    BREAKS[message["path"].rpartition("/")[2]]()
    message.reply_channel.send({"status": 200, "headers": [], "content": b"done", "more_content": False})
"""


#: Leases are short, so that tests need not wait for their expiry, unless a test uses this.
IS_LONG = os.environ.get("TOWPATH_LONG_FAULTS") == "1"
LAYER = """
from towpath.layers.operations.leases import LeaseTimes
from towpath.layers.redis import RedisChannelLayer

class ImpatientLayer(RedisChannelLayer):
    lease_times = LeaseTimes(reader_lease=4, inbox_lease=4, silence=3, grace=6)
"""


@pytest.fixture
def is_long() -> bool:
    """Whether leases last as long as they do by default."""
    return IS_LONG


@pytest.fixture
def faulty(stack: Any) -> Any:
    """A stack whose consumers break on demand; `lost(channel)` says how many messages were lost."""
    stack.project.write("routes.py", ROUTES)
    stack.project.write("consumers.py", CONSUMERS)
    stack.project.write("impatience.py", LAYER)
    if not IS_LONG:
        stack.project.edit("settings.py", "towpath.layers.redis.RedisChannelLayer", "impatience.ImpatientLayer")
    stack.lost = lambda channel: stack.layer.channel_statistics(channel)["messages_lost_count"]
    return stack


@pytest.fixture
def report(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Print the events of a test, and the losses: in the report of the run, and on the terminal with `-s`."""

    def say(text: str) -> None:
        record_property("measured", text)
        sys.stdout.write(f"\n{text}\n")

    return say


@pytest.fixture
def lines_of(stack: Any) -> Callable[[str], list[str]]:
    """Read the lines that consumers have noted in a file."""

    def read(name: str) -> list[str]:
        path = stack.project.folder / name
        return path.read_text().splitlines() if path.exists() else []

    return read
