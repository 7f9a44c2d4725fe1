"""HTTP servers in memory, from `tests/fakes`."""

from collections.abc import Callable

import pytest

from ...fakes.http_site import Site


@pytest.fixture(scope="session")
def make_site() -> Callable[..., Site]:
    """Make a server with these options."""
    return Site


@pytest.fixture(scope="session")
def site() -> Site:
    """A server that the examples of a property share."""
    return Site(body_inline_max_bytes=1024 * 1024)
