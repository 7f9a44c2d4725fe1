"""Commands of operators to one interface server, with real sockets on a fake edge."""

from collections.abc import Callable
from typing import Any

import pytest

from towpath.interface.control import Control
from towpath.layers.codec import pack
from towpath.layers.commands import PAGE_SOCKETS
from towpath.layers.inbox_events import Commanded

from ...fakes.world import World, quiet

ANSWER = "towpath.answers?x"
MakeWorld = Callable[..., World]


def login(user: str) -> bytes:
    return pack({"_auth_user_id": user})


async def open_sockets(world: World, *users: str | None) -> list[Any]:
    """Open a socket for each user; None is not logged in."""
    clients = []
    for user in users:
        request = await world.shake_hands()
        await world.settle({"accept": True}, session_state=None if user is None else login(user))
        clients.append(request.transport)
    return clients


async def command(world: World, drain: Callable[[], bool] = lambda: False, **content: Any) -> list[dict[str, Any]]:
    """Give a command; return the answers."""
    before = len(world.edge.sent)
    world.inbox._take_command = Control(world.hub, drain).take
    await world.arrive(Commanded({"answer": ANSWER, **content}))
    for _ in range(100):
        await quiet()
    answers = world.edge.sent[before:]
    assert {envelope.channel for envelope in answers} == {ANSWER}
    return [envelope.content for envelope in answers]


async def test_open_sockets_are_listed_with_path_user_client_and_age(make_world: MakeWorld) -> None:
    world = make_world()
    await open_sockets(world, "7", None)
    await world.shake_hands()  # not open yet
    await world.advance(3)
    [answer] = await command(world, command="sockets", limit=10)
    channels = [conversation.reply_channel for conversation in world.hub.connections]
    assert (answer["inbox"], answer["is_last"], answer["count"]) == ("interface.test!", True, 2)
    first, second = answer["sockets"]
    assert first == {
        "channel": channels[0], "path": "/chat/", "user": "7", "client": first["client"], "age_seconds": 3.0,
    }  # fmt: skip
    assert second["user"] is None
    assert ":" in first["client"]


async def test_sockets_are_found_by_user_group_channel_and_path(make_world: MakeWorld) -> None:
    world = make_world()
    await open_sockets(world, "7", "8", "7")
    names = [conversation.reply_channel for conversation in world.hub.connections]
    world.edge.groups = {"room": [name.removeprefix(world.edge.inbox) for name in names[1:]] + ["has-gone"]}

    async def found(**wanted: Any) -> list[int]:
        [answer] = await command(world, command="sockets", limit=10, **wanted)
        return [names.index(socket["channel"]) for socket in answer["sockets"]]

    assert await found(user="7") == [0, 2]
    assert await found(group="room") == [1, 2]
    assert await found(group="room", user="7") == [2]
    assert await found(channel=names[1]) == [1]
    assert await found(channel=names[1], group="other") == []
    assert await found(channel="interface.other!x") == []
    assert await found(path="/chat/*") == [0, 1, 2]
    assert await found(path="/other/*") == []


async def test_a_long_list_comes_in_pages_up_to_the_limit_with_the_count_of_all(make_world: MakeWorld) -> None:
    world = make_world()
    await open_sockets(world, *[None] * (PAGE_SOCKETS + 5))
    pages = await command(world, command="sockets", limit=PAGE_SOCKETS + 2)
    assert [len(page["sockets"]) for page in pages] == [PAGE_SOCKETS, 2]
    assert [page["is_last"] for page in pages] == [False, True]
    assert pages[-1]["count"] == PAGE_SOCKETS + 5


async def test_values_of_clients_are_cut(make_world: MakeWorld) -> None:
    world = make_world()
    await world.shake_hands(path="/chat/" + "x" * 300)
    await world.settle({"accept": True}, session_state=login("u" * 5000))
    [answer] = await command(world, command="sockets", limit=1)
    assert [len(answer["sockets"][0][key]) for key in ("path", "user")] == [203, 203]


async def test_sockets_are_closed_with_code_and_reason_and_the_others_stay(make_world: MakeWorld) -> None:
    world = make_world()
    client, other = await world.open_socket(), await world.open_socket()
    channel = next(iter(world.hub.connections)).reply_channel
    [answer] = await command(world, command="close", code=4403, reason="out", channel=channel)
    assert answer["closed"] == 1
    assert client.frames() == [(8, b"\x11\x33out")]
    assert other.frames() == []
    [answer] = await command(world, command="close", code=4403, reason="out", channel=channel)
    assert answer["closed"] == 0


async def test_a_drain_stops_the_process_or_says_that_it_is_not_its_own(make_world: MakeWorld) -> None:
    world = make_world()
    drained: list[bool] = []
    [answer] = await command(world, lambda: not drained.append(True), command="drain")
    assert (answer["draining"], drained) == (True, [True])
    [answer] = await command(world, command="drain")
    assert answer["error"] == "this interface server runs inside another process: stop that one"


async def test_a_wrong_command_is_answered_with_its_error(make_world: MakeWorld) -> None:
    world = make_world()
    await world.open_socket()
    [answer] = await command(world, command="close", code=4000, reason="")
    assert answer["error"] == "name the sockets to close: by channel, user, group or path"


async def test_a_command_without_a_channel_for_its_answer_is_ignored(
    make_world: MakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world = make_world()
    drained: list[bool] = []
    Control(world.hub, lambda: not drained.append(True)).take({"command": "drain"})
    await quiet()
    assert (drained, world.edge.sent) == ([], [])
    assert "Ignored a command whose answer has no channel" in caplog.text
