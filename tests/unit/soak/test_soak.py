"""The soak reports losses and growth of memory, and its traffic counts what is missing."""

import asyncio
import importlib
import os
import sys
from types import SimpleNamespace

import pytest

from bench.report import replace_generated
from tests.soak.memory import Sample, Sampler, growth, resident_mebibytes
from tests.soak.verdict import LOSSES, Soak, is_kept
from towpath.layers.keys import Keys

from ...fakes.generators import BENCH, fake_picows, text_frame

DOCS = BENCH.parent / "docs" / "evidence"


def steady(role="worker", mebibytes=lambda seconds: 50.0):
    return [Sample(seconds, role, 7, mebibytes(seconds), seconds) for seconds in range(0, 600, 5)]


@pytest.fixture
def soak():
    traffic = {"counts": {"pages 200": 10, "echo asked": 5, "answers": 5}, "p50_ms": 1.0}
    replaced = {"worker": 3, "interface": 1}
    return Soak("2026-01-02", {"cores": "2"}, 10, 100, 600.0, traffic, replaced, samples=steady())


def test_a_run_in_which_nothing_went_wrong_has_no_problems(soak):
    assert soak.problems() == []
    assert "| lost or wrong | nothing |" in soak.table()
    assert "| texts sent, answered in order | 5, 5 |" in soak.table()


@pytest.mark.parametrize("name", [*LOSSES, "pages 503", "pages failed (OSError)", "handshakes failed (TimeoutError)"])
def test_whatever_the_traffic_misses_is_a_problem(soak, name):
    soak.counts[name] = 2
    assert soak.problems() == [f"2 {name}"]
    assert f"2 {name}" in soak.table()


@pytest.mark.parametrize(
    "changes",
    [
        {"connected": 5, "disconnected": 4},
        {"keys_left": ["towpath:{a}:queue"]},
        {"bad_exits": ["worker 7: 1"]},
        {"ended": ["worker 7 ended with -9"]},
        {"complaints": ["worker-1.log: ERROR"]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_is_left_or_ends_badly_is_a_problem(soak, changes):
    for name, value in changes.items():
        setattr(soak, name, value)
    assert len(soak.problems()) == 1


def test_memory_that_grows_after_the_warm_up_is_a_problem(soak):
    soak.samples = steady(mebibytes=lambda seconds: 50 + seconds / 20)
    assert soak.problems() == ["the memory of worker grew from 60 to 76 MiB"]
    soak.samples = steady(mebibytes=lambda seconds: 50 + min(seconds, 100))
    assert soak.problems() == []


def test_a_process_that_has_just_begun_says_nothing_of_growth():
    young = [Sample(seconds, "worker", seconds, 1.0, 0.0) for seconds in range(0, 600, 5)]
    assert growth(young, "worker", 600) is None


def test_a_sampler_sees_processes_that_live_and_no_others():
    sampler = Sampler()
    sampler.sample(0.0, {"worker": [os.getpid()], "redis": [2**22 + 1]})
    assert [sample.role for sample in sampler.samples] == ["worker"]
    assert resident_mebibytes(os.getpid()) > 1


def test_the_document_of_this_repository_has_its_markers(tmp_path):
    copy = tmp_path / "reliability.md"
    copy.write_text((DOCS / "reliability.md").read_text())
    replace_generated(copy, "new", by="tests/soak/run")
    assert copy.read_text().count("\nnew\n") == 1


def test_keys_that_live_for_a_day_or_as_long_as_a_process_may_remain_and_no_others():
    keys = Keys("towpath:")
    kept = (
        keys.counts("a"),
        keys.in_flight("reader.a"),
        keys.pushes("reader.a"),
        keys.leases("held"),
        keys.processes("seen"),
    )
    assert [key for key in kept if not is_kept(key)] == []
    assert [key for key in (keys.queue("a"), keys.inbox("interface.a!"), keys.delayed("a")) if is_kept(key)] == []


@pytest.fixture
def client(monkeypatch):
    monkeypatch.setitem(sys.modules, "picows", fake_picows())
    module = importlib.import_module("tests.soak.traffic")
    sent = []
    tally = module.Tally()
    client = module.SoakClient(tally, "g0", 0.0)
    client.on_ws_connected(SimpleNamespace(send=lambda kind, text: sent.append(text.decode())))
    hear = lambda text: client.on_ws_frame(None, text_frame(module, text))  # noqa: E731
    return SimpleNamespace(client=client, tally=tally, sent=sent, hear=hear, module=module)


def test_an_answer_out_of_order_and_a_text_that_comes_twice_are_counted(client):
    client.hear(b"done 2")
    client.hear(b"group 9")
    client.hear(b"group 9")
    assert client.tally.counts["answers out of order"] == 1
    assert client.tally.counts["texts doubled"] == 1


def test_an_answer_a_delivery_and_a_delayed_text_that_do_not_come_are_lost(client, monkeypatch):
    monkeypatch.setattr(client.module, "LOST_SECONDS", 0.01)

    async def scene():
        client.tally.members["g0"].add(client.client)
        asking = asyncio.ensure_future(client.client._ask("group"))
        await asyncio.sleep(0)
        client.hear(b"done 1")
        await asking
        asking = asyncio.ensure_future(client.client._ask("later"))
        await asyncio.sleep(0)
        client.hear(b"done 2")
        await asking
        await client.client._ask("echo")
        while not client.tally.counts["delayed texts lost"]:
            await asyncio.sleep(0.001)

    asyncio.run(asyncio.wait_for(scene(), 10))
    assert client.sent == ["group 1", "later 2", "echo 3"]
    assert {name: client.tally.counts[name] for name in LOSSES if client.tally.counts[name]} == {
        "answers lost": 1, "deliveries lost": 1, "delayed texts lost": 1,
    }  # fmt: skip


def test_a_socket_that_the_server_closes_is_lost_unless_it_is_sent_away_and_one_that_leaves_is_not(client):
    def ended(code):
        ending = client.module.SoakClient(client.tally, "g0", 0.0)
        ending._close_code = code
        ending.closed.set()
        return ending

    async def scene():
        for code in (1012, 1011, 0):
            await ended(code).leave("politely")
        leaving = ended(1000)
        leaving._is_leaving = True
        await leaving.leave("politely")

    asyncio.run(scene())
    counts = client.tally.counts
    assert (counts["sent away with 1012"], counts["sockets lost"]) == (1, 2)
    assert (counts["closed with 1011"], counts["closed with 0"]) == (1, 1)
