"""Commands of operators to interface servers: what is sent is what is read, and wrong ones say what is wrong."""

from typing import Any

import pytest

from towpath.layers.commands import (
    MAX_SOCKETS,
    BadCommand,
    CloseSockets,
    Command,
    Drain,
    ListSockets,
    SocketFilter,
    content_of,
    parse_command,
)

EVERYTHING = SocketFilter("interface.x!a", "7", "room", "/chat/*")


@pytest.mark.parametrize(
    "command",
    [Drain(), ListSockets(SocketFilter(), 10), ListSockets(EVERYTHING, 0), CloseSockets(EVERYTHING, 4000, "bye")],
)
def test_a_command_is_read_as_it_was_written(command: Command) -> None:
    content = content_of(command, "answers?x")
    assert content["answer"] == "answers?x"
    assert parse_command(content) == command


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ({}, "'None' is not a command of this release: it is sockets, close or drain"),
        ({"command": "restart" * 99}, "is not a command of this release"),
        ({"command": "sockets"}, "'limit' is a NoneType, not an int"),
        ({"command": "sockets", "limit": True}, "'limit' is a bool, not an int"),
        ({"command": "sockets", "limit": 1, "user": 7}, "'user' is a int, not a str"),
        ({"command": "close", "code": 1000, "reason": ""}, "name the sockets to close"),
        (
            {"command": "close", "code": 1005, "reason": "", "user": "7"},
            "may not close a WebSocket with 1005: use 1",
        ),
        ({"command": "close", "code": 1000, "reason": "ä" * 62, "user": "7"}, "more than 123 bytes of UTF-8"),
        ({"command": "close", "code": 1000, "reason": None, "user": "7"}, "'reason' is a NoneType, not a str"),
    ],
)
def test_a_wrong_command_says_what_is_wrong(content: dict[str, Any], error: str) -> None:
    with pytest.raises(BadCommand, match=error) as caught:
        parse_command(content)
    assert len(str(caught.value)) < 200


def test_the_sockets_that_one_server_names_are_bounded() -> None:
    assert parse_command({"command": "sockets", "limit": 2**40}) == ListSockets(SocketFilter(), MAX_SOCKETS)
    assert parse_command({"command": "sockets", "limit": -1}) == ListSockets(SocketFilter(), 0)


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        (SocketFilter(), True),
        (SocketFilter(user="7"), True),
        (SocketFilter(user="70"), False),
        (SocketFilter(path="/chat/*"), True),
        (SocketFilter(path="/chat/"), False),
        (SocketFilter(path="/CHAT/*"), False),
        (SocketFilter(user="7", path="/other/"), False),
    ],
)
def test_a_filter_matches_if_all_that_is_given_does(wanted: SocketFilter, matches: bool) -> None:
    assert wanted.matches("/chat/lobby/", lambda: "7") is matches


def test_the_user_is_not_looked_for_if_it_does_not_matter() -> None:
    assert SocketFilter(path="/*").matches("/", lambda: pytest.fail("looked for"))
    assert not SocketFilter(path="/x", user="7").matches("/", lambda: pytest.fail("looked for"))
