"""The journal of consumers in worker processes: modules of a test's project, and the entries of the journal afterwards.

Consumers run inside `running` of the module `noted`. The interface server logs each turn that it calls lost.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..wirefaults.invariants import DISCONNECT, Entry, Journal

NOTED = """
import time
from contextlib import contextmanager
from pathlib import Path

journal = Path(__file__).parent / "journal.txt"

def note(what, message, kind, state="-"):
    name, attempt = message.reply_channel.name, message.get("__retries__", 0)
    line = "%r %s %s %d %s %d %s\\n" % (time.time(), what, name, message.turn or 0, kind, attempt, state)
    with journal.open("a") as lines:
        lines.write(line)

@contextmanager
def running(message, kind):
    state = int(message.session_state or b"0")
    note("begin", message, kind, state)
    yield
    if kind != "disconnect":
        message.session_state = str(state + 1).encode()
    note("end", message, kind)
"""
ROUTES = """
from towpath import route
channel_routing = [
    route("websocket.connect", "consumers.connect"),
    route("websocket.receive", "consumers.receive"),
    route("websocket.disconnect", "consumers.disconnect"),
]
"""
LOGGING = """
LOGGING["formatters"] = {
    "timed": {
        "class": "towpath.layers.log_fields.TextFormatter",
        "format": "%(created).6f %(levelname)s %(name)s: %(message)s",
    },
}
LOGGING["handlers"]["console"]["formatter"] = "timed"
LOGGING["loggers"] = {"towpath.interface.conversation": {"level": "DEBUG"}}
"""
#: The interface's log line of a lost turn, with its time.
LOST = re.compile(r"^(\S+) DEBUG \S+conversation: Turn (\d+) on \S+ is lost \[connection=([^\s\]]+)", re.MULTILINE)


def write_project(project: Any, consumers: str, settings: str = "") -> None:
    """Write the modules of a project that has been configured: its consumers, their routes, `noted` and the log."""
    project.write("settings.py", (project.folder / "settings.py").read_text() + LOGGING + settings)
    project.write("noted.py", NOTED)
    project.write("consumers.py", consumers)
    project.write("routes.py", ROUTES)


def entries(folder: Path) -> list[Entry]:
    """Return the entries that consumers have written."""
    written = Journal()
    written.read(folder / "journal.txt")
    return written.entries


def lost(interfaces: Iterable[Any]) -> list[Entry]:
    """Return the turns that interface servers have called lost, by their logs."""
    found = []
    for process in interfaces:
        found += [Entry(float(at), "lost", name, int(turn)) for at, turn, name in LOST.findall(process.output)]
    return found


def open_connections(written: Iterable[Entry]) -> set[str]:
    """Return the reply channels whose connect has begun and whose disconnect has not been handled."""
    begun, ended = set(), set()
    for entry in written:
        if entry.what == "begin":
            begun.add(entry.name)
        elif entry.kind == DISCONNECT:
            ended.add(entry.name)
    return begun - ended
