"""WebSockets in memory, from `tests/fakes`."""

from collections.abc import Callable

import pytest

from ...fakes.frames import frame
from ...fakes.websocket_peer import Peer, peer


@pytest.fixture(scope="session")
def open_peer() -> Callable[..., Peer]:
    """Open a socket."""
    return peer


@pytest.fixture(scope="session")
def make_frame() -> Callable[..., bytes]:
    """Make a client's frame."""
    return frame
