"""Background tasks are kept, logged if they fail, and cancelled until they end."""

import asyncio

from towpath.interface.eventloop.tasks import Tasks


async def test_a_task_that_fails_is_logged_with_its_name(caplog):
    async def fails():
        raise ZeroDivisionError

    await asyncio.wait([Tasks().start(fails(), "divide")])
    await asyncio.sleep(0)
    assert "The task divide ended with an error" in caplog.text
    assert "ZeroDivisionError" in caplog.text


async def test_tasks_are_cancelled_even_if_a_driver_loses_the_first_cancellation():
    tasks, losses = Tasks(), []

    async def loses_two():
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                losses.append(1)
                if len(losses) == 3:
                    raise

    task = tasks.start(loses_two(), "stubborn")
    await asyncio.sleep(0)
    await tasks.cancel_all()
    assert task.cancelled()


async def test_a_task_that_never_ends_is_left(caplog, monkeypatch):
    monkeypatch.setattr("towpath.interface.eventloop.tasks.CANCEL_WAIT_SECONDS", 0.001)
    tasks, may_end = Tasks(), asyncio.Event()

    async def never_ends():
        while not may_end.is_set():
            try:
                await may_end.wait()
            except asyncio.CancelledError:
                continue

    task = tasks.start(never_ends(), "stubborn")
    await asyncio.sleep(0)
    await tasks.cancel_all()
    assert "The task stubborn does not end" in caplog.text
    may_end.set()
    await asyncio.wait([task])
