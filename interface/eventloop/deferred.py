"""Deferreds of Twisted for coroutines."""

import asyncio
from typing import TypeVar

from twisted.internet.defer import Deferred

T = TypeVar("T")


async def awaited(result: "Deferred[T] | T") -> T:
    """Await the result of a Twisted call, a Deferred or a plain value."""
    if isinstance(result, Deferred):
        return await result.asFuture(asyncio.get_running_loop())
    return result
