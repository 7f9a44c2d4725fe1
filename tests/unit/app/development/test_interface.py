"""The interface server of `runserver`, in a process of its own: what keeps it from serving is raised by its start."""

import subprocess
import sys

import pytest

START = """
import socket
from towpath.development.interface import InterfaceThread
from towpath.interface.accesslog import no_log
from towpath.interface.config import InterfaceConfig
from towpath.layers.memory import MemoryChannelLayer
from towpath.layers.redis import RedisChannelLayer

def start(layer):
    thread = InterfaceThread(layer, InterfaceConfig(), socket.create_server(("127.0.0.1", 0)), no_log)
    try:
        thread.start()
    except Exception as error:
        print(type(error).__name__, error)
    else:
        print("serves")
    thread.stop()
"""


@pytest.mark.parametrize(
    ("before", "layer", "said"),
    [
        ("", "MemoryChannelLayer()", "serves"),
        ("", 'RedisChannelLayer(hosts=["redis://127.0.0.1:1/0"])', "Redis at redis://127.0.0.1:1/0 is unavailable"),
        ("import twisted.internet.reactor", "MemoryChannelLayer()", "ConfigurationError something has imported"),
    ],
)
def test_it_serves_or_says_why_not(before: str, layer: str, said: str) -> None:
    code = f"{before}\n{START}\nstart({layer})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert said in done.stdout, done.stdout + done.stderr
