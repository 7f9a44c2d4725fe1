"""Leases and their expiry, on the memory store; a test moves its clock."""

import pytest

from towpath.layers.memory.store import Store
from towpath.layers.operations.leases import (
    Claim,
    DelayClaim,
    Expire,
    ExpiredOwner,
    ForgetOwner,
    Lease,
    LeaseState,
    LeaseTimes,
    ReleaseLease,
)
from towpath.layers.operations.operation import AnyOperation

TIMES = LeaseTimes()
INBOX = "interface.x!"


class World:
    """A store and its clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._store = Store(60, 3600, lambda: self.now)

    def do(self, operation: AnyOperation) -> object:
        """Execute one operation."""
        return self._store.execute([operation])[0]

    def lease(self, *owners: str) -> list[object]:
        """Renew leases."""
        return [self.do(Lease(owner, TIMES)) for owner in owners]

    def pass_time(self, seconds: float, *living: str) -> None:
        """Let time go by, in which these renew their leases every second."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + 1)
            self.lease(*living)

    def claim(self) -> list[ExpiredOwner]:
        """Claim expired owners."""
        dead = self.do(Claim(TIMES))
        assert isinstance(dead, list)
        return dead


@pytest.fixture
def world() -> World:
    """A store in which leases have counted for a long time."""
    world = World()
    world.lease("other")
    world.pass_time(100, "other")
    return world


def test_a_lease_is_known_until_it_is_retired(world: World) -> None:
    assert world.lease("reader", "reader") == [LeaseState.NEW, LeaseState.HELD]
    world.do(ReleaseLease("reader"))
    assert world.lease("reader") == [LeaseState.NEW]


def test_an_owner_that_does_not_renew_expires_once(world: World) -> None:
    world.lease("reader", INBOX)
    world.pass_time(TIMES.reader_lease - 1, "other")
    assert world.claim() == []
    world.pass_time(1, "other")
    assert world.claim() == [ExpiredOwner("reader", 0.0)]
    assert world.claim() == []
    world.pass_time(TIMES.inbox_lease, "other")
    assert {dead.owner for dead in world.claim()} == {"reader", INBOX}


def test_a_released_lease_does_not_expire(world: World) -> None:
    world.lease("reader")
    world.do(ReleaseLease("reader"))
    world.pass_time(60, "other")
    assert world.claim() == []


def test_a_claim_that_led_to_nothing_lapses_and_can_be_given_up_sooner(world: World) -> None:
    world.lease("reader")
    world.pass_time(TIMES.reader_lease, "other")
    assert world.claim()
    world.pass_time(TIMES.claim, "other")
    assert world.claim() == [ExpiredOwner("reader", TIMES.claim)]
    world.do(DelayClaim("reader", 1.0))
    world.pass_time(1, "other")
    assert world.claim()
    world.do(DelayClaim("nobody", 1.0))
    world.pass_time(1, "other")
    assert world.claim() == []


def test_a_reader_or_inbox_that_was_forgotten_does_not_hold_a_lease_again(world: World) -> None:
    world.lease("reader", INBOX)
    world.pass_time(TIMES.inbox_lease, "other")
    assert len(world.claim()) == 2
    assert world.lease("reader", INBOX) == [LeaseState.EXPIRED, LeaseState.EXPIRED]
    for owner in ("reader", INBOX):
        world.do(ForgetOwner(owner))
    assert world.lease("reader", INBOX) == [LeaseState.EXPIRED, LeaseState.EXPIRED]
    world.pass_time(TIMES.claim, "reader", "other")
    assert world.claim() == []


def test_no_lease_expires_while_the_store_is_unavailable(world: World) -> None:
    world.lease("reader", INBOX)
    world.now += 60
    assert world.claim() == []
    world.lease("other")
    assert world.claim() == []
    world.pass_time(TIMES.grace - 1, "other")
    assert world.claim() == []
    world.lease("reader")
    world.pass_time(1, "other")
    assert [dead.owner for dead in world.claim()] == [INBOX]


def test_an_owner_whose_lease_is_ended_is_claimed_at_once_and_refused(world: World) -> None:
    world.lease(INBOX)
    world.do(Expire(INBOX))
    assert [dead.owner for dead in world.claim()] == [INBOX]
    assert world.lease(INBOX) == [LeaseState.EXPIRED]
