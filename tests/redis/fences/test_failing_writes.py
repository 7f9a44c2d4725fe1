"""A conversation in which writes of one kind of connection fail: the short form of `tests/wire`, by a random seed.

The seed is that of TOWPATH_SEED, or a random one; a failure names it.
"""

import os
import random
from typing import Any

import pytest

from ...wirefaults.cases import EXPIRING, Case, run, some
from ...wirefaults.conversation import Script
from ...wirefaults.faults import FAULTS

SEED = int(os.environ.get("TOWPATH_SEED") or int.from_bytes(os.urandom(3), "big"))
#: One in so many writes fails. Where a client waits for an answer until its time is over, fewer do.
ONE_IN, SLOW_ONE_IN = 7, 25
SLOW = ("answer late", "silent", "deaf")
#: The lines of each kind of connection that always has something to do.
LINES = {
    "sends": ["interface.out"],
    "inbox": ["interface.in"],
    "exchanges": ["a.exchange"],
    "calls": ["a.calls", "a.clock"],
}
#: While leases expire, which takes seconds, these.
IS_LONG = os.environ.get("TOWPATH_LONG_FAULTS") == "1"
EXPIRING_FAULTS = FAULTS if IS_LONG else ("answer lost", "not executed", "full", "silent")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("lines", LINES)
def test_a_conversation_keeps_its_promises_while_writes_fail(redis_server: Any, lines: str, fault: str) -> None:
    one_in = SLOW_ONE_IN if fault in SLOW else ONE_IN
    case = Case(LINES[lines], fault, some(chance(lines, fault), one_in), Script(seed=SEED))
    outcome = run(redis_server.port, case)
    assert outcome.violations == [], f"{case}: {outcome.struck_names}"


@pytest.mark.parametrize("fault", EXPIRING_FAULTS)
def test_a_conversation_keeps_its_promises_while_others_expire_and_writes_fail(redis_server: Any, fault: str) -> None:
    case = Case(EXPIRING, fault, some(chance(fault), ONE_IN), Script(seed=SEED, expires=True))
    outcome = run(redis_server.port, case)
    assert outcome.violations == [], f"{case}: {outcome.struck_names}"


def test_a_conversation_without_faults_keeps_its_promises(redis_server: Any) -> None:
    outcome = run(redis_server.port, Case([], "answer lost", [], Script(seed=SEED)))
    assert outcome.violations == []
    assert outcome.lost == 0


def chance(*names: str) -> random.Random:
    """Return random numbers by the seed."""
    return random.Random(f"{SEED} {' '.join(names)}")
