"""Tests of the connection side: `tests/fakes` stands for its edge, sockets and clients.

Tests here may be coroutines: each runs in an event loop of its own.
"""

import asyncio
import inspect
from collections.abc import Callable

import pytest

from towpath.interface.interfaces import RequestHead

from ...fakes.edge import FakeOwner
from ...fakes.frames import frame
from ...fakes.handshake import request_head
from ...fakes.world import World


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine function."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


@pytest.fixture
def make_world() -> Callable[..., World]:
    """Make a world with these options; inside a running loop."""
    return World


@pytest.fixture
def make_owner() -> Callable[[], FakeOwner]:
    """Make an owner that records."""
    return FakeOwner


@pytest.fixture
def make_head() -> Callable[..., RequestHead]:
    """Make the head of a handshake."""
    return request_head


@pytest.fixture
def make_frame() -> Callable[..., bytes]:
    """Make a client's frame."""
    return frame
