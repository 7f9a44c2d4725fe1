"""Questions to interface servers: each is asked once, and those that do not answer are named."""

import threading
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import Mock

import pytest

from towpath.layers import receiving
from towpath.layers.commands import ListSockets, SocketFilter
from towpath.layers.errors import InvalidName
from towpath.layers.memory import MemoryChannelLayer
from towpath.layers.survey import ProcessRecord
from towpath.operations import asking, draining
from towpath.operations.asking import ask
from towpath.operations.site import OrderRefused, Site
from towpath.operations.sockets import close_sockets, find_sockets

SERVERS = [ProcessRecord("interface", host="web1", pid=pid, owners=(f"interface.{pid}!",)) for pid in (1, 2)]
Reply = Callable[[dict[str, Any]], list[dict[str, Any]]]


def socket(name: str, age: float, **more: Any) -> dict[str, Any]:
    return {"channel": name, "path": "/chat/", "user": None, "client": "127.0.0.1:5", "age_seconds": age, **more}


@pytest.fixture
def site() -> Site:
    layer = MemoryChannelLayer()
    survey = Mock()
    survey.processes.return_value = SERVERS
    survey.leases.return_value = [(owner, 9.0) for record in SERVERS for owner in record.owners]
    return Site(Mock(channel_layer=layer), survey, layer.administration())


@pytest.fixture
def serve(site: Site) -> Iterator[Callable[..., list[dict[str, Any]]]]:
    """Let servers answer in threads; returns the list of the commands that they get."""
    threads: list[threading.Thread] = []

    def start(*replies: Reply) -> list[dict[str, Any]]:
        commands: list[dict[str, Any]] = []
        for record, reply in zip(SERVERS, replies, strict=False):
            threads.append(threading.Thread(target=_answer, args=(site, record.owners[0], reply, commands)))
            threads[-1].start()
        return commands

    yield start
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def _answer(site: Site, inbox: str, reply: Reply, commands: list[dict[str, Any]]) -> None:
    """Take one command out of an inbox, and answer it."""
    layer: Any = site.layer.channel_layer
    _, entry = layer._wait_for_entry([], [inbox], 30)
    (command,) = layer._codec.open_inbox_entry(entry)[1]
    commands.append(command)
    answers = reply(command)
    for number, answer in enumerate(answers, 1):
        layer.send(command["answer"], {"inbox": inbox, "is_last": number == len(answers), **answer})


def test_the_sockets_of_all_servers_are_listed_oldest_first_up_to_the_limit(site: Site, serve: Any) -> None:
    commands = serve(
        lambda command: [{"sockets": [socket("a", 1.0)]}, {"sockets": [socket("b", 90.0, user="7")], "count": 4}],
        lambda command: [{"sockets": [socket("c", 5.0)], "count": 1}],
    )
    found = find_sockets(site, SocketFilter(path="/chat/*"), 2)
    assert [command["limit"] for command in commands] == [2, 2]
    assert [(each["channel"], each["interface"]) for each in found.sockets] == [("b", "web1:1"), ("c", "web1:2")]
    assert (found.count, found.as_json()["more"]) == (5, True)
    assert found.report().splitlines() == [
        "channel  path    user  client       age     interface",
        "b        /chat/  7     127.0.0.1:5  1m 30s  web1:1",
        "c        /chat/  -     127.0.0.1:5  0m 5s   web1:2",
        "3 more match: give a higher --limit",
    ]


def test_servers_that_do_not_answer_in_time_are_named(site: Site, serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    monkeypatch.setattr(receiving, "RECEIVE_SECONDS", 0.01)
    moments = iter([0.0, 1.0])
    monkeypatch.setattr(asking.time, "monotonic", lambda: next(moments, 9.0) if answered.is_set() else 0.0)
    serve(lambda command: answered.set() or [{"sockets": [], "count": 0}], lambda command: [])
    answers = ask(site, ListSockets(SocketFilter(), 1), SERVERS)
    assert answers.silent == ["web1:2"]
    with pytest.raises(OrderRefused, match=r"^web1:2 did not answer within 5 s: busy, stopped just now"):
        answers.check()


def test_a_refusal_names_the_server(site: Site, serve: Any) -> None:
    serve(lambda command: [{"error": "it cannot"}])
    with pytest.raises(OrderRefused, match=r"^web1:1: it cannot$"):
        draining.drain(site, "web1:1")


def test_the_sockets_that_were_closed_are_added_up(site: Site, serve: Any) -> None:
    commands = serve(lambda command: [{"closed": 2}], lambda command: [{"closed": 3}])
    assert close_sockets(site, SocketFilter(user="7"), 4401, "out")[0] == 5
    assert (commands[0]["code"], commands[0]["reason"], commands[0]["user"]) == (4401, "out", "7")


def test_a_channel_is_asked_for_at_its_own_server_only(site: Site, serve: Any) -> None:
    serve(lambda command: [{"closed": 1}])
    count, answers = close_sockets(site, SocketFilter(channel="interface.1!a"), 1000, "")
    assert (count, list(answers.by_server)) == (1, ["web1:1"])


@pytest.mark.parametrize(
    ("wanted", "code", "error"),
    [
        (SocketFilter(), 1000, "name the sockets to close: by channel, user, group or path"),
        (SocketFilter(user="7"), 1005, "may not close a WebSocket with 1005"),
        (
            SocketFilter(channel="interface.9!a"),
            1000,
            "No interface server that is running has the channel",
        ),
    ],
)
def test_orders_that_cannot_be_carried_out_are_not_sent(
    site: Site, wanted: SocketFilter, code: int, error: str
) -> None:
    with pytest.raises(OrderRefused, match=error):
        close_sockets(site, wanted, code, "")


def test_a_group_of_no_group_name_is_refused(site: Site) -> None:
    with pytest.raises(InvalidName):
        find_sockets(site, SocketFilter(group="a room"), 1)


def test_without_interface_servers_no_server_is_asked(site: Site) -> None:
    site.survey.leases.return_value = []  # type: ignore[attr-defined]
    with pytest.raises(OrderRefused, match="No interface server is running"):
        find_sockets(site, SocketFilter(), 1)
    with pytest.raises(OrderRefused, match=r"No interface server is called 'web1:1'\. Running: none"):
        draining.drain(site, "web1:1")


def test_a_drain_waits_for_the_end_of_the_server(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []

    def look(seconds: float) -> None:
        looks.append(seconds)
        site.survey.processes.return_value = SERVERS[1:]  # type: ignore[attr-defined]

    monkeypatch.setattr(draining.time, "sleep", look)
    draining.wait_until_gone(site, "web1:1", 30)
    assert len(looks) == 1
    with pytest.raises(OrderRefused, match="web1:2 drains, and has not ended after 0 s"):
        draining.wait_until_gone(site, "web1:2", 0)
