"""How many messages are taken at once."""

from towpath.worker.batching import BUDGET_SECONDS, MAX_MESSAGES, Batching, is_overdue


def run(batching, seconds, times=1):
    for _ in range(times):
        batching.observe("a", seconds)
        batching.adjust("a")
    return batching.limits["a"]


def test_every_channel_begins_with_one_message():
    assert Batching(["a", "b"]).limits == {"a": 1, "b": 1}


def test_the_limit_doubles_while_consumers_are_fast():
    batching = Batching(["a"])
    assert [run(batching, 1e-5) for _ in range(7)] == [2, 4, 8, 16, 32, MAX_MESSAGES, MAX_MESSAGES]


def test_a_batch_is_no_more_than_the_budget_of_expected_work():
    assert run(Batching(["a"]), BUDGET_SECONDS / 4, times=20) == 4
    assert run(Batching(["a"]), BUDGET_SECONDS / 2.5, times=20) == 2
    assert run(Batching(["a"]), BUDGET_SECONDS * 100, times=20) == 1


def test_one_slow_run_ends_batches_at_once_and_is_remembered():
    batching = Batching(["a"])
    assert run(batching, 1e-4, times=10) == MAX_MESSAGES
    assert run(batching, 0.1) == 1
    assert run(batching, 1e-4, times=10) == 1
    assert run(batching, 1e-4, times=100) == MAX_MESSAGES


def test_a_mixed_load_is_not_batched_behind_its_slow_part():
    batching = Batching(["a"])
    for _ in range(20):
        run(batching, 1e-4, times=9)
        assert run(batching, 0.05) == 1
        assert run(batching, 1e-4) <= 2


def test_channels_are_judged_apart():
    batching = Batching(["a", "b"])
    run(batching, 1e-5, times=5)
    assert batching.limits["b"] == 1


def test_a_clock_that_stands_still_does_no_harm():
    assert run(Batching(["a"]), 0.0, times=10) == MAX_MESSAGES


def test_a_channel_without_a_run_stays_at_one():
    batching = Batching(["a"])
    batching.adjust("a")
    assert batching.limits["a"] == 1


def test_a_batch_is_overdue_when_a_run_or_all_together_took_too_long():
    assert not is_overdue(BUDGET_SECONDS / 2, BUDGET_SECONDS)
    assert is_overdue(BUDGET_SECONDS * 1.1, BUDGET_SECONDS * 1.1)
    assert is_overdue(BUDGET_SECONDS / 2, BUDGET_SECONDS * 2.1)
