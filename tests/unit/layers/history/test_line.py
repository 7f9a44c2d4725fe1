"""The order of a group with a history at an interface server: holes, gaps, joins, repetitions, older data."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import pytest

from towpath.layers.entries import EntryCodec, published_entry
from towpath.layers.history.bounds import HistoryBounds
from towpath.layers.history.line import HELD_MESSAGES
from towpath.layers.history.positions import Position
from towpath.layers.inbox import Inbox
from towpath.layers.inbox_events import Gap, Grouped, InboxEvent
from towpath.layers.memory.groups import Groups
from towpath.layers.memory.histories import Histories
from towpath.layers.operations.history import NEWEST, Publish, ReadHistory

codec = EntryCodec()
INBOX = "interface.x!"


class Scene:
    """One group, its history in a store, and an inbox; `got` has what each member was delivered, None for a gap."""

    def __init__(self, messages: int = 100, bytes_: int = 100_000) -> None:
        self.now = 1000.0
        self.bounds = HistoryBounds(messages, 60, bytes_)
        self.epochs: Iterator[str] = (f"epoch-{number:010d}" for number in count())
        self.got: dict[str, list[int | None]] = {}
        self.positions: dict[str, Position | None] = {}
        self.missing = asyncio.Event()
        self.inbox = Inbox(INBOX, codec, None, self.missing)
        self.forget()

    def forget(self) -> None:
        """Let the store lose its data."""
        clock = lambda: self.now  # noqa: E731
        self.store = Histories(clock, Groups(clock, 60))

    def publish(self, *numbers: int, exclude: Sequence[str] = ()) -> list[bytes]:
        """Publish messages; return their inbox entries, which are on their way."""
        entries = []
        for number in numbers:
            kept = codec.of_history("room", {"number": number}, exclude=exclude)
            entries.append(self.published(kept))
        return entries

    def published(self, kept: bytes) -> bytes:
        place = self.store.publish(Publish("room", kept, self.bounds, next(self.epochs)))
        return published_entry(kept, place.epoch, place.offset)

    def head(self) -> Position:
        page = self.store.read(ReadHistory("room", self.bounds, next(self.epochs), NEWEST, 0))
        return Position(page.epoch, page.newest)

    def join(self, *locals_: str, since: Position | None = None, has_gap: bool = False) -> None:
        for local in locals_:
            self.got.setdefault(local, [])
            self.arrive(codec.join_at("room", local, since or self.head(), has_gap=has_gap))

    def arrive(self, *entries: bytes) -> None:
        self.note(self.inbox.events(entries))

    def fill(self) -> None:
        """Read what is missing, until nothing is."""
        assert self.inbox.lines is not None
        for _ in range(100):
            reads = self.inbox.lines.reads()
            if not reads:
                assert not self.missing.is_set()
                return
            self.note([event for read in reads for event in self.inbox.lines.fill("room", self.store.read(read))])
        raise AssertionError("reading the history never ends")

    def check(self) -> None:
        assert self.inbox.lines is not None
        heads = self.inbox.lines.heads()
        self.inbox.lines.note_heads(heads, [self.store.head(head) for head in heads])

    def note(self, events: Sequence[InboxEvent]) -> None:
        for event in events:
            assert isinstance(event, (Grouped, Gap))
            for local in event.locals:
                self.got[local].append(event.content["number"] if isinstance(event, Grouped) else None)
                self.positions[local] = event.position


@pytest.fixture
def scene() -> Scene:
    scene = Scene()
    scene.join("a", "b")
    scene.fill()
    return scene


def test_messages_in_order_are_delivered_at_once_with_their_positions(scene: Scene) -> None:
    scene.arrive(*scene.publish(1, 2))
    assert scene.got == {"a": [1, 2], "b": [1, 2]}
    assert scene.positions["a"] == scene.head()
    assert not scene.missing.is_set()


def test_a_message_that_overtakes_another_waits_for_it(scene: Scene) -> None:
    first, second, third = scene.publish(1, 2, 3)
    scene.arrive(third, second)
    assert scene.got["a"] == []
    assert scene.missing.is_set()
    scene.arrive(first)
    assert scene.got["a"] == [1, 2, 3]
    scene.fill()
    assert scene.got["a"] == [1, 2, 3]


def test_a_hole_is_filled_from_the_history_and_a_late_message_is_not_repeated(scene: Scene) -> None:
    first, second, third = scene.publish(1, 2, 3)
    scene.arrive(first, third)
    scene.fill()
    assert scene.got["a"] == [1, 2, 3]
    scene.arrive(second, *scene.publish(4))
    assert scene.got["a"] == [1, 2, 3, 4]


def test_a_lost_last_message_is_found_by_its_offset(scene: Scene) -> None:
    scene.publish(1)
    scene.fill()
    assert scene.got["a"] == []
    scene.check()
    scene.fill()
    assert scene.got == {"a": [1], "b": [1]}


def test_messages_that_cannot_be_held_are_read_from_the_history() -> None:
    scene = Scene(messages=1000)
    scene.join("a")
    scene.arrive(*scene.publish(*range(HELD_MESSAGES + 50))[1:])
    assert scene.got["a"] == []
    scene.fill()
    assert scene.got["a"] == list(range(HELD_MESSAGES + 50))


def test_a_hole_that_is_not_kept_any_more_is_a_gap_and_held_messages_follow() -> None:
    scene = Scene(messages=2)
    scene.join("a")
    scene.fill()
    entries = scene.publish(1, 2, 3, 4, 5)
    scene.arrive(entries[2], entries[4])
    scene.fill()
    assert scene.got["a"] == [None, 3, 4, 5]


def test_a_message_too_long_for_the_history_that_was_overtaken_is_delivered_in_its_place() -> None:
    scene = Scene(bytes_=60)
    scene.join("a")
    scene.fill()
    first, second = scene.publish(1), scene.published(codec.of_history("room", {"number": 2, "text": "x" * 100}))
    scene.arrive(second)
    scene.fill()
    assert scene.got["a"] == [None, 2]
    scene.arrive(*first, *scene.publish(3))
    scene.fill()
    assert scene.got["a"] == [None, 2, 3]


def test_a_member_gets_what_is_published_after_its_join_also_if_it_came_before_the_join(scene: Scene) -> None:
    scene.arrive(*scene.publish(1))
    head = scene.head()
    scene.arrive(*scene.publish(2))
    scene.join("c", since=head)
    scene.arrive(*scene.publish(3))
    scene.fill()
    assert scene.got == {"a": [1, 2, 3], "b": [1, 2, 3], "c": [2, 3]}


def test_the_first_member_gets_what_came_before_its_join_was_read() -> None:
    scene = Scene()
    head = scene.head()
    scene.arrive(*scene.publish(1))
    scene.join("a", since=head)
    scene.arrive(*scene.publish(2))
    scene.fill()
    assert scene.got["a"] == [1, 2]


def test_a_member_does_not_get_held_messages_from_before_its_join(scene: Scene) -> None:
    entries = scene.publish(1, 2)
    scene.join("c")
    scene.arrive(entries[1], *scene.publish(3))
    scene.arrive(entries[0])
    assert scene.got == {"a": [1, 2, 3], "b": [1, 2, 3], "c": [3]}


def test_a_replay_comes_before_anything_newer(scene: Scene) -> None:
    begin = scene.head()
    scene.arrive(*scene.publish(*range(200)))
    scene.join("c", since=begin)
    scene.arrive(*scene.publish(200))
    assert scene.got["c"] == []
    scene.fill()
    scene.arrive(*scene.publish(201))
    assert scene.got["c"] == [None, *range(101, 202)]  # a hundred are kept
    assert scene.got["a"] == list(range(202))


def test_a_replay_of_everything_that_is_kept_is_complete(scene: Scene) -> None:
    begin = scene.head()
    scene.arrive(*scene.publish(*range(90)))
    scene.join("c", since=begin)
    scene.arrive(*scene.publish(90))
    scene.fill()
    assert scene.got["c"] == list(range(91))


def test_a_join_with_a_gap_gets_the_gap_and_what_follows(scene: Scene) -> None:
    scene.arrive(*scene.publish(1))
    scene.join("c", has_gap=True)
    scene.arrive(*scene.publish(2))
    assert scene.got["c"] == [None, 2]


def test_a_second_join_of_a_member_changes_nothing(scene: Scene) -> None:
    begin = scene.head()
    scene.arrive(*scene.publish(1))
    scene.join("a", since=begin)
    scene.fill()
    assert scene.got["a"] == [1]


def test_a_member_that_leaves_while_it_replays_gets_nothing_more(scene: Scene) -> None:
    begin = scene.head()
    scene.arrive(*scene.publish(1))
    scene.join("c", since=begin)
    scene.inbox.remove("c")
    scene.fill()
    assert scene.got["c"] == []


def test_a_group_without_members_is_forgotten(scene: Scene) -> None:
    for local in ("a", "b"):
        scene.inbox.remove(local)
    scene.arrive(*scene.publish(1))
    scene.join("a")
    scene.fill()
    scene.arrive(*scene.publish(2))
    assert scene.got == {"a": [2], "b": []}


def test_a_message_whose_publish_was_executed_twice_is_delivered_once(scene: Scene) -> None:
    kept = codec.of_history("room", {"number": 1})
    first, second = scene.published(kept), scene.published(kept)
    scene.arrive(first, second, *scene.publish(2))
    scene.fill()
    scene.arrive(first)
    assert scene.got["a"] == [1, 2]


def test_a_store_that_has_lost_its_data_begins_again_behind_a_gap(scene: Scene) -> None:
    old = scene.publish(1, 2, 3)
    scene.arrive(*old[:2])
    scene.forget()
    scene.arrive(scene.publish(4, 5)[1])
    scene.fill()
    scene.arrive(old[2])  # of the epoch that has ended
    assert scene.got["a"] == [1, 2, None, 4, 5]


def test_a_store_that_has_lost_its_data_is_noticed_without_a_message(scene: Scene) -> None:
    scene.arrive(*scene.publish(1))
    scene.forget()
    scene.check()
    scene.fill()
    assert scene.got["a"] == [1]
    scene.publish(2)
    scene.check()
    scene.fill()
    assert scene.got["a"] == [1, None, 2]


def test_older_data_of_the_same_epoch_is_a_gap_and_new_messages_are_not_taken_for_repetitions(scene: Scene) -> None:
    scene.arrive(*scene.publish(1, 2, 3))
    epoch = scene.head().epoch
    scene.forget()
    scene.epochs = iter([epoch] * 10)  # a replica that had the first message only
    scene.publish(1)
    scene.arrive(*scene.publish(4, 5))
    scene.fill()
    assert scene.got["a"] == [1, 2, 3, None, 4, 5]


def test_excluded_members_get_nothing_live_or_from_the_history(scene: Scene) -> None:
    entries = [*scene.publish(1, exclude=[f"{INBOX}a"]), *scene.publish(2), *scene.publish(3, exclude=[f"{INBOX}b"])]
    scene.arrive(entries[2])
    scene.fill()
    assert scene.got == {"a": [2, 3], "b": [1, 2]}


def test_in_random_orders_with_losses_every_member_gets_everything_once_in_order() -> None:
    for seed in range(200):
        play(random.Random(seed))


def play(chance: random.Random) -> None:
    """Publish, lose, reorder, repeat, join and read in a random order; then compare."""
    scene = Scene()
    scene.join("first")
    on_their_way: list[bytes] = []
    joined: dict[str, int] = {"first": 0}
    number = 0
    for step in range(60):
        match chance.randrange(6):
            case 0 | 1:
                number += 1
                on_their_way += scene.publish(number)
            case 2 if on_their_way:
                entry = chance.choice(on_their_way)
                scene.arrive(entry)  # it stays, and may come again
            case 3 if on_their_way:
                on_their_way.pop(chance.randrange(len(on_their_way)))
            case 4:
                since = chance.randrange(number + 1)
                joined[f"m{step}"] = since
                scene.join(f"m{step}", since=Position(scene.head().epoch, since))
            case 5:
                chance.choice([scene.fill, scene.check])()
    scene.check()
    scene.fill()
    expected: dict[str, Any] = {local: list(range(since + 1, number + 1)) for local, since in joined.items()}
    assert scene.got == expected
