"""The memory store: expiry, sweeps, and wakeups. Its clock stands still until a test moves it."""

import asyncio
import threading

import pytest

from towpath.layers.entries import Kind
from towpath.layers.memory import MemoryChannelLayer
from towpath.layers.memory.expiring import MIN_SWEEP, Expiring
from towpath.layers.memory.store import Store
from towpath.layers.operations.groups import MARK_SECONDS, Join, Leave, Marks, Members, Renew
from towpath.layers.operations.inboxes import PushInbox, TakeInbox
from towpath.layers.operations.operation import AnyOperation
from towpath.layers.operations.queues import Batch, ChannelState, Count, Push, Statistics, Take

EXPIRY = 60.0
GROUP_EXPIRY = 3600.0
INBOX = "interface.x!"


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Store:
    return Store(EXPIRY, GROUP_EXPIRY, clock)


def execute(store: Store, operation: AnyOperation) -> object:
    return store.execute([operation])[0]


def pending(store: Store, channel: str) -> int:
    state = execute(store, Statistics(channel))
    assert isinstance(state, ChannelState)
    return state.pending


def test_a_queue_outlives_its_messages_so_that_late_workers_see_them(store: Store, clock: Clock) -> None:
    execute(store, Push("a", [b"body"], 10))
    clock.now += EXPIRY + 30
    batch = execute(store, Take(["a"], [5]))
    assert isinstance(batch, Batch)
    assert len(batch.entries) == 1
    assert batch.now == clock.now


def test_a_queue_without_readers_expires(store: Store, clock: Clock) -> None:
    execute(store, Push("a", [b"body"], 10))
    clock.now += 2 * EXPIRY + 61
    assert pending(store, "a") == 0
    assert execute(store, Take(["a"], [5])) is None


def test_an_inbox_without_readers_expires(store: Store, clock: Clock) -> None:
    execute(store, PushInbox(INBOX, [Kind.DELIVERY], 10))
    clock.now += EXPIRY + 2
    assert execute(store, TakeInbox(INBOX, 10)) == []


def test_counters_expire_a_day_after_their_last_change(store: Store, clock: Clock) -> None:
    execute(store, Count("a", "sent", 1))
    clock.now += 80_000
    execute(store, Count("a", "sent", 1))
    clock.now += 80_000
    assert execute(store, Statistics("a")) == ChannelState({"sent": 2}, 0, 0.0)
    clock.now += 10_000
    assert execute(store, Statistics("a")) == ChannelState({}, 0, 0.0)


def test_only_deliveries_and_group_messages_are_refused_by_a_full_inbox(store: Store) -> None:
    entries = [kind + b"body" for kind in (Kind.DELIVERY, Kind.SETTLED, Kind.GROUP, Kind.JOIN, Kind.LEAVE, Kind.KEPT)]
    assert execute(store, PushInbox(INBOX, entries, 1)) == 1
    assert execute(store, TakeInbox(INBOX, 10)) == [entry for entry in entries if entry[:1] != Kind.GROUP]
    assert execute(store, Statistics(INBOX)) == ChannelState({"full": 1}, 0, 0.0)


def test_the_mark_of_an_inbox_lives_as_long_as_it_is_renewed(store: Store, clock: Clock) -> None:
    execute(store, Join("group", INBOX, ("a", "b")))
    for _ in range(5):
        clock.now += MARK_SECONDS - 1
        assert execute(store, Renew("group", INBOX)) is True
    assert execute(store, Members("group", INBOX)) == ["a", "b"]
    clock.now += MARK_SECONDS + 1
    assert execute(store, Marks("group")) == []
    assert execute(store, Renew("group", INBOX)) is False


def test_who_was_forgotten_with_a_mark_does_not_come_back_with_it(store: Store, clock: Clock) -> None:
    execute(store, Join("group", "plain"))
    execute(store, Join("group", INBOX, ("old",)))
    clock.now += MARK_SECONDS + 1
    execute(store, Join("group", INBOX, ("new",)))
    assert execute(store, Members("group", INBOX)) == ["new"]


def test_a_plain_channel_stays_for_the_life_of_groups(store: Store, clock: Clock) -> None:
    execute(store, Join("group", "plain"))
    execute(store, Join("group", INBOX, ("a",)))
    clock.now += GROUP_EXPIRY - 1
    assert execute(store, Marks("group")) == ["plain"]
    clock.now += 2
    assert execute(store, Marks("group")) == []


def test_the_last_member_takes_the_mark_along(store: Store) -> None:
    execute(store, Join("group", INBOX, ("a", "b")))
    execute(store, Leave("group", INBOX, ("a",)))
    assert execute(store, Marks("group")) == [INBOX]
    execute(store, Leave("group", INBOX, ("b", "never")))
    assert execute(store, Marks("group")) == []
    execute(store, Leave("group", INBOX, ("b",)))


def test_a_wait_looks_again_after_an_arrival_and_not_after_a_look_up() -> None:
    store = Store(EXPIRY, GROUP_EXPIRY)
    looks: list[str] = []
    has_looked = threading.Event()

    def find() -> Batch | None:
        looks.append("look")
        has_looked.set()
        batch = execute(store, Take(["a"], [1]))
        return batch if isinstance(batch, Batch) else None

    thread = threading.Thread(target=store.wait_for, args=(find, 10.0))
    thread.start()
    assert has_looked.wait(10)
    execute(store, Marks("group"))
    execute(store, Push("a", [b"body"], 5))
    thread.join(10)
    assert not thread.is_alive()
    assert len(looks) == 2


def test_a_watcher_is_called_once_for_all_that_comes_into_an_empty_inbox(store: Store) -> None:
    calls: list[str] = []
    with store.watching(INBOX, lambda: calls.append("called")):
        store.execute([PushInbox(INBOX, [Kind.DELIVERY], 9), PushInbox(INBOX, [Kind.DELIVERY] * 3, 9)])
        assert calls == ["called"]
        execute(store, TakeInbox(INBOX, 9))
        execute(store, PushInbox("interface.y!", [Kind.DELIVERY], 9))
        execute(store, PushInbox(INBOX, [Kind.DELIVERY], 9))
        assert calls == ["called", "called"]
    execute(store, TakeInbox(INBOX, 9))
    execute(store, PushInbox(INBOX, [Kind.DELIVERY], 9))
    assert calls == ["called", "called"]


def test_a_loop_that_ended_while_it_waited_does_not_hurt_who_writes() -> None:
    layer = MemoryChannelLayer()
    edge = layer.edge()
    loop = asyncio.new_event_loop()
    waiting = loop.create_task(edge.receive())
    loop.run_until_complete(asyncio.sleep(0))
    waiting.cancel()
    loop.call_soon(loop.stop)
    loop.close()
    layer.send(f"{edge.inbox}a", {"number": 1})
    assert layer.receive([edge.inbox]) == (f"{edge.inbox}a", {"number": 1})


def test_layers_in_memory_know_nothing_of_each_other() -> None:
    one, two = MemoryChannelLayer(), MemoryChannelLayer()
    one.send("channel", {})
    assert two.receive(["channel"]) == (None, None)


# Items that die


def test_an_expired_item_is_made_anew(clock: Clock) -> None:
    items: Expiring[list[int]] = Expiring(clock, list)
    items.touch("a", 10).append(1)
    clock.now += 9
    assert items.touch("a", 5) == [1]
    clock.now += 5
    assert items.get("a") is None
    assert list(items) == []
    assert items.touch("a", 10) == []


def test_touching_never_shortens_a_life(clock: Clock) -> None:
    items: Expiring[list[int]] = Expiring(clock, list)
    items.touch("a", 100)
    items.touch("a", 1)
    clock.now += 50
    assert items.get("a") == []


def test_expired_items_are_swept(clock: Clock) -> None:
    items: Expiring[list[int]] = Expiring(clock, list)
    items.touch("long", 1e9)
    for number in range(50 * MIN_SWEEP):
        items.touch(f"body?{number}", 10)
        clock.now += 1
    assert len(items) <= 2 * MIN_SWEEP
    assert items.get("long") is not None
