"""A WebSocket logs in by token through real processes: the client gets its subprotocol, and no log the token."""

from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

TOKEN = "a-token-that-nobody-is-to-see.4711"

CONSUMERS = f"""
from django.contrib.auth.models import User
from towpath.auth import channel_session_user, token_user

def user_of_token(token):
    if token == {TOKEN!r}:
        return User.objects.get_or_create(username="anna")[0]
    if token == "broken":
        raise LookupError("the store is unavailable")

@token_user(user_of_token, query="token")
def connect(message):
    message.reply_channel.send({{"accept": True}})

@channel_session_user
def receive(message):
    message.reply_channel.send({{"text": f"{{message.user}}: {{message['text']}}"}})
"""


@pytest.fixture
def address(project: Any, free_port: int) -> str:
    """A project with users, and runserver on it; where it serves."""
    project.write("consumers.py", CONSUMERS)
    apps = '"towpath", "django.contrib.contenttypes", "django.contrib.auth"'
    project.edit("settings.py", 'INSTALLED_APPS = ["towpath"', f"INSTALLED_APPS = [{apps}")
    assert project.manage("migrate", "--verbosity", "0").wait() == 0
    project.server = project.manage("runserver", str(free_port), "--noreload")
    project.server.wait_for("Quit the server with CONTROL-C.")
    return f"127.0.0.1:{free_port}"


def test_a_token_opens_a_socket_and_shows_up_nowhere(project: Any, address: str, get: Callable[[str], bytes]) -> None:
    url = f"ws://{address}/echo/"
    with connect(url, subprotocols=["chat.v1", "bearer", TOKEN]) as websocket:  # type: ignore[list-item]
        assert websocket.subprotocol == "bearer"
        websocket.send("hello")
        assert websocket.recv(timeout=30) == "anna: hello"
    with connect(url, additional_headers={"Authorization": f"Bearer {TOKEN}"}) as websocket:
        assert websocket.subprotocol is None
    with connect(f"{url}?token={TOKEN}") as websocket:
        websocket.send("again")
        assert websocket.recv(timeout=30) == "anna: again"
    for query in ("", "?token=wrong", f"?token={TOKEN}&token={TOKEN}", "?token=broken"):
        with pytest.raises(InvalidStatus):
            connect(url + query)
    get(f"http://{address}/hello/?token={TOKEN}")
    project.server.wait_for("HTTP GET /hello/?token=[hidden] 200 [")
    project.server.wait_for("LookupError: the store is unavailable")
    project.server.wait_for("WebSocket REJECT /echo/ [", times=3)
    assert TOKEN not in project.server.output
