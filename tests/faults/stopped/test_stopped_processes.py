"""Processes are stopped for longer than their leases while clients talk, and go on: the rules hold all the same.

One thing cannot be helped: a consumer that had begun before its worker was stopped continues afterwards.
"""

import asyncio
import os
import signal
from typing import Any

import pytest


@pytest.mark.parametrize("threads", [1, 3])
def test_a_worker_that_was_stopped_begins_nothing_that_was_counted_as_lost(
    talking: Any, within_patience: Any, threads: int
) -> None:
    _, port = talking.interface()
    worker = talking.worker("--threads", str(threads))
    talking.worker("--threads", "2")
    within_patience(
        talking.during(port, lambda: talking.stop(worker, lambda: talking.until_worker_expires(worker)), sockets=20)
    )
    assert "\n".join(talking.broken_rules()) == ""


def test_a_worker_that_was_stopped_while_it_waited_goes_on_under_its_name(talking: Any, within_patience: Any) -> None:
    _, port = talking.interface()
    workers = [talking.worker() for _ in range(4)]

    def fault() -> None:
        for worker in workers[1:]:
            talking.stop(worker, lambda: talking.until_worker_expires(worker))  # noqa: B023

    within_patience(talking.during(port, fault, sockets=2))
    assert "\n".join(talking.broken_rules()) == ""


def test_an_interface_that_was_stopped_sends_nothing_after_the_disconnects_of_its_sockets(
    talking: Any, within_patience: Any
) -> None:
    """Frames and ends of its clients wait in its sockets meanwhile."""
    interface, port = talking.interface()
    talking.worker("--threads", "2")

    def until() -> None:
        talking.until_interface_expires()
        talking._wait_until(lambda: not talking._unsaid())

    within_patience(talking.during(port, lambda: talking.stop(interface, until)))
    assert "\n".join(talking.broken_rules()) == ""


def test_an_interface_that_is_stopped_while_it_ends_leaves_its_disconnects_to_others(
    talking: Any, within_patience: Any
) -> None:
    """SIGTERM, then SIGSTOP in the middle of the grace period, for longer than its lease."""
    interface, port = talking.interface("--grace", "4")
    _, other = talking.interface()
    talking.worker("--threads", "2")

    async def scene() -> None:
        await talking.during(port, lambda: None, sockets=6)

    def fault() -> None:
        os.kill(interface.pid, signal.SIGTERM)
        interface.wait_for("Stopping")
        talking.stop(interface, lambda: talking._wait_until(lambda: not talking._unsaid()))
        interface.wait()
        for talker in talking.talkers:
            talker.uri = f"ws://127.0.0.1:{other}/"

    within_patience(talking.during(port, fault, sockets=6))
    assert "\n".join(talking.broken_rules()) == ""


def test_an_interface_that_stops_before_a_consumer_ends_leaves_the_disconnect_to_others(
    talking: Any, within_patience: Any
) -> None:
    """SIGTERM with a consumer that runs longer than the grace period."""
    interface, port = talking.interface("--grace", "1")
    talking.worker("--threads", "2")

    async def scene() -> None:
        talker = await talking.hanging(port)
        os.kill(interface.pid, signal.SIGTERM)
        await asyncio.to_thread(interface.wait)
        talking.let_go()
        await talker

    within_patience(scene())
    assert "\n".join(talking.broken_rules()) == ""
