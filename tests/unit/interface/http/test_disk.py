"""File operations beside the event loop: in order, with results and errors reported in the loop."""

import asyncio
import threading

from towpath.interface.http.disk import Disk


async def results_of(*works):
    disk, results, done = Disk(), [], asyncio.Event()

    def note(result):
        results.append(result)
        if len(results) == len(works):
            done.set()

    for work in works:
        disk.run(work, note)
    await done.wait()
    disk.close()
    disk.close()
    return results


def failing(error):
    def work():
        raise error

    return work


async def test_operations_run_in_order_in_one_other_thread():
    seen = []
    results = await results_of(*[lambda number=number: seen.append(number) or number for number in range(20)])
    assert results == seen == list(range(20))
    threads = set(await results_of(threading.get_ident, threading.get_ident))
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_an_error_of_the_system_is_a_result():
    error = OSError(28, "No space left")
    assert await results_of(failing(error), lambda: 1) == [error, 1]


async def test_a_defect_is_logged_and_is_an_error_to_its_owner(caplog):
    (result,) = await results_of(failing(KeyError("x")))
    assert isinstance(result, OSError)
    assert "A file operation failed" in caplog.text
