"""Bytes that wait: in memory up to a bound, behind them on disk, in the order they came; bounded for the process."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towpath.interface.bounds.budget import Budget
from towpath.interface.counters import Count, Counters
from towpath.interface.http import segments
from towpath.interface.http.segments import Segments
from towpath.interface.http.spool import Spool, SpoolStore, default_folder

KIB = 1024


class Disk:
    """Runs an operation when the test says so."""

    def __init__(self) -> None:
        self.due: list[Callable[[], None]] = []

    def run(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        def perform() -> None:
            try:
                result = work()
            except OSError as error:
                result = error
            done(result)

        self.due.append(perform)

    def work(self) -> None:
        while self.due:
            self.due.pop(0)()


class World:
    """A store with one spool."""

    def __init__(self, memory: int = 1000, space: int = 10_000, memory_max_bytes: int = 100) -> None:
        self.disk: Any = Disk()
        self.store = SpoolStore(Budget(memory), Budget(space), Counters(), default_folder(), self.disk)
        self.changes = 0
        self.spool = Spool(self.store, memory_max_bytes, self._changed)

    def _changed(self) -> None:
        self.changes += 1

    def take_all(self, max_bytes: int = 1 << 20) -> bytes:
        taken = b""
        while self.spool.waiting_bytes:
            taken += self.spool.take(max_bytes)
            self.disk.work()
        return taken

    def used(self) -> tuple[int, int]:
        return self.store.memory.used_amount, self.store.space.used_amount


@pytest.fixture
def world() -> World:
    return World()


def test_what_is_short_stays_in_memory(world: World) -> None:
    world.spool.append(b"ab")
    world.spool.append(b"cd")
    assert world.disk.due == []
    assert world.used() == (4, 0)
    assert world.spool.take(3) == b"abc"
    assert world.spool.take(3) == b"d"
    assert world.spool.take(3) == b""
    assert world.used() == (0, 0)


def test_what_is_over_the_bound_goes_to_disk_and_comes_back_in_order(world: World) -> None:
    for letter in b"abcde":
        world.spool.append(bytes([letter]) * 60)
    assert world.spool.backlog_bytes == 240
    world.disk.work()
    assert world.spool.backlog_bytes == 0
    assert world.used() == (60, 240)
    assert world.changes > 0
    assert world.take_all() == b"".join(bytes([letter]) * 60 for letter in b"abcde")
    assert world.used() == (0, 0)


def test_writes_that_wait_for_the_disk_become_one(world: World) -> None:
    for _ in range(10):
        world.spool.append(b"a" * 101)
    assert len(world.disk.due) == 1
    world.disk.due.pop(0)()
    assert len(world.disk.due) == 1
    world.disk.work()
    assert world.take_all() == b"a" * 1010


def test_nothing_is_at_hand_until_it_is_read_and_then_the_owner_is_notified(world: World) -> None:
    world.spool.append(b"a" * 200)
    world.disk.work()
    before = world.changes
    assert world.spool.take(50) == b""
    assert world.spool.take(50) == b""
    assert len(world.disk.due) == 1
    world.disk.work()
    assert world.changes == before + 1
    assert world.spool.take(50) == b"a" * 50


def test_memory_that_others_use_is_not_used(world: World) -> None:
    world.store.memory.overdraw(1000)
    world.spool.append(b"a" * 10)
    world.disk.work()
    assert world.used() == (1000, 10)
    assert world.take_all(10) == b"a" * 10


def test_without_room_on_disk_it_is_full_and_keeps_what_it_has() -> None:
    world = World(space=150)
    world.spool.append(b"a" * 120)
    world.spool.append(b"b" * 120)
    world.disk.work()
    assert world.spool.is_full
    assert world.used() == (120, 120)
    assert world.take_all() == b"a" * 120 + b"b" * 120
    assert not world.spool.is_full
    assert world.used() == (0, 0)


def test_room_that_is_free_again_is_used() -> None:
    world = World(space=150)
    world.store.space.overdraw(150)
    world.spool.append(b"a" * 120)
    assert world.spool.is_full
    world.store.space.give_back(150)
    world.spool.append(b"b" * 10)
    assert not world.spool.is_full
    world.disk.work()
    assert world.used() == (0, 130)


def test_a_write_that_fails_leaves_it_in_memory_and_full(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(os, "pwritev", lambda *arguments: (_ for _ in ()).throw(OSError(28, "No space left")))
    world.spool.append(b"a" * 200)
    world.disk.work()
    assert world.spool.is_full
    assert world.used() == (200, 0)
    assert "No space left" in caplog.text
    assert world.store.counters.totals[Count.SPOOL_FAILED] == 1
    world.spool.append(b"b")
    assert world.disk.due == []
    assert world.take_all() == b"a" * 200 + b"b"


def test_a_read_that_fails_breaks_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.spool.append(b"a" * 200)
    world.disk.work()
    monkeypatch.setattr(os, "pread", lambda *arguments: (_ for _ in ()).throw(OSError(5, "Input/output error")))
    world.spool.take(1)
    world.disk.work()
    assert world.spool.is_broken
    assert world.spool.take(1) == b""
    assert world.disk.due == []


@pytest.mark.parametrize("moment", ["kept", "being written", "on disk", "being read"])
def test_closing_gives_everything_back_at_any_moment(world: World, moment: str) -> None:
    world.spool.append(b"a" * 60)
    if moment != "kept":
        world.spool.append(b"b" * 300)
        world.spool.append(b"c" * 300)
    if moment in ("on disk", "being read"):
        world.disk.work()
    if moment == "being read":
        world.spool.take(60)
        world.spool.take(60)
    before = len(os.listdir("/proc/self/fd"))
    world.spool.close()
    world.spool.close()
    world.disk.work()
    assert world.used() == (0, 0)
    assert len(os.listdir("/proc/self/fd")) <= before


def test_files_are_freed_as_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SEGMENT_MAX_BYTES", 500)
    world = World(memory=10**9, space=10**9)
    for _ in range(10):
        world.spool.append(b"a" * 500)
        world.disk.work()
    assert world.used()[1] == 5000
    for left in range(9, -1, -1):
        taken = 0
        while taken < 500:
            taken += len(world.spool.take(500 - taken))
            world.disk.work()
        assert world.used()[1] <= (left + 1) * 500
    assert world.used() == (0, 0)


def test_a_write_that_is_cut_short_goes_on(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.pwrite
    monkeypatch.setattr(os, "pwritev", lambda number, blocks, offset: write(number, blocks[0][:1], offset))
    monkeypatch.setattr(os, "pwrite", lambda number, data, offset: write(number, data[:2], offset))
    kept = Segments(str(tmp_path))
    kept.write([b"abc", b"def"])
    kept.write([b"ghi"])
    assert kept.read(100).data == b"abcdefghi"
    kept.close()


def test_many_blocks_are_written_together(tmp_path: Any) -> None:
    kept = Segments(str(tmp_path))
    kept.write([b"a"] * 3000)
    assert kept.read(5000).data == b"a" * 3000
    kept.close()


def test_segments_have_no_names(tmp_path: Any) -> None:
    kept = Segments(str(tmp_path))
    kept.write([b"ab", b"cd"])
    assert os.listdir(tmp_path) == []
    assert kept.read(3) == (b"abc", 0)
    assert kept.read(3) == (b"d", 4)
    assert kept.read(3) == (b"", 0)
    kept.close()


def test_the_default_folder_is_for_large_files_unless_a_variable_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)
    assert default_folder() == "/var/tmp"
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert default_folder() == str(tmp_path)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(0, 300)),
        st.tuples(st.just("take"), st.integers(1, 300)),
        st.tuples(st.just("work"), st.integers(1, 3)),
    ),
    max_size=40,
)


@given(steps, st.integers(0, 600), st.integers(0, 600), st.integers(0, 200))
def test_whatever_the_order_bytes_come_out_as_they_went_in(
    steps: list[tuple[str, int]], memory: int, space: int, memory_max_bytes: int
) -> None:
    world = World(memory, space, memory_max_bytes)
    appended = taken = b""
    for kind, number in steps:
        if kind == "append":
            data = bytes((len(appended) + index) % 251 for index in range(number))
            appended += data
            world.spool.append(data)
        elif kind == "take":
            taken += world.spool.take(number)
        else:
            for _ in range(min(number, len(world.disk.due))):
                world.disk.due.pop(0)()
        assert world.spool.waiting_bytes == len(appended) - len(taken)
    world.disk.work()
    taken += world.take_all(100)
    assert taken == appended
    world.spool.close()
    world.disk.work()
    assert world.used() == (0, 0)
