"""Outgoing messages: those of one reactor tick are sent in one `Edge.send`, one flush at a time, results in order.

A message may be posted with a report, which is called with its outcome and returns whether to keep trying:

| outcome | what happened | if the report answers True |
|---|---|---|
| ACCEPTED | it is on its channel | (the answer is ignored) |
| FULL | the channel is at its capacity | tried again with growing pauses, in order with others for that channel |
| AWAY | the store is unavailable: it was not tried, or refused | it waits until the store is available |
| UNKNOWN | the store became unavailable before it answered: the message may have arrived | (see below) |
| FAILED | the store answered with an error | it is sent again when the store is available |

A flush that was not answered is passed to the edge again, unchanged, when the store is available: the edge returns its
outcome, and sends nothing twice. Another report follows then, if the answer to UNKNOWN was True.

Invariant: the messages of one poster that waits for each report keep their order.
"""

import logging
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from towpath.layers.contract import Edge, Envelope
from towpath.layers.errors import LayerUnavailable, PartlyRefused, TowpathError

from .availability import Availability
from .blocked import BlockedChannel
from .eventloop.clock import Clock
from .eventloop.tasks import Tasks

log = logging.getLogger(__name__)

#: Messages in one flush: encoding them holds the reactor for a few milliseconds.
FLUSH_MAX = 512


class Outcome(Enum):
    """The outcome of a message (see the table above)."""

    ACCEPTED = "accepted"
    FULL = "full"
    AWAY = "away"
    UNKNOWN = "unknown"
    FAILED = "failed"


Report = Callable[[Envelope, Outcome], bool]


class _Post(NamedTuple):
    envelope: Envelope
    report: Report | None


class Outbound:
    """Sends the messages of the connections of one interface server. Used from the event loop only."""

    def __init__(self, edge: Edge, clock: Clock, tasks: Tasks, availability: Availability) -> None:
        self._edge = edge
        self._clock = clock
        self._tasks = tasks
        self._availability = availability
        availability.on_back.append(self._resume)
        self._pending: list[_Post] = []
        #: Kept until the store is available.
        self._held: list[_Post] = []
        #: Full channels, and those of them whose pause is over.
        self._blocked: dict[str, BlockedChannel[_Post]] = {}
        self._due: list[str] = []
        self._is_flushing = False
        #: The number of messages whose outcome is known.
        self.sent_count = 0
        #: The flush that was not answered.
        self._unanswered: list[_Post] = []

    def post(self, envelope: Envelope, report: Report | None = None) -> None:
        """Send a message with the others of this tick; `report` is never called from within."""
        self._pending.append(_Post(envelope, report))
        if not self._is_flushing:
            self._start_flush()

    def forget(self) -> None:
        """Drop the messages that wait to be sent: their connections have ended."""
        self._pending, self._held, self._unanswered = [], [], []
        for blocked in self._blocked.values():
            blocked.clear()

    def is_idle(self) -> bool:
        """Return whether no message waits or is being sent."""
        return not (self._is_flushing or self._unanswered or self._pending or self._held or self._blocked)

    def _start_flush(self) -> None:
        self._is_flushing = True
        self._tasks.start(self._flush(), "outbound flush")

    async def _flush(self) -> None:
        try:
            while (self._unanswered or self._pending or self._due) and not self._availability.is_away:
                await self._send_next()
            if self._availability.is_away:
                self._hold_pending()
        finally:
            self._is_flushing = False

    async def _send_next(self) -> None:
        if self._unanswered:
            posts, self._unanswered = self._unanswered, []
            self._sort_refused(await self._send(posts), [])
            return
        tried, self._due = self._due, []
        posts = [post for channel in tried for post in self._blocked[channel].take()]
        posts += self._next_pending()
        refused = await self._send(posts) if posts else []
        if refused or tried:
            self._sort_refused(refused, tried)

    def _next_pending(self) -> list[_Post]:
        posts, self._pending = self._pending[:FLUSH_MAX], self._pending[FLUSH_MAX:]
        if self._blocked:
            posts = [post for post in posts if not self._queues_behind_others(post)]
        return posts

    def _queues_behind_others(self, post: _Post) -> bool:
        blocked = self._blocked.get(post.envelope.channel)
        if blocked is None:
            return False
        if _answer(post, Outcome.FULL):
            blocked.add(post)
        return True

    async def _send(self, posts: list[_Post]) -> list[_Post]:
        """Send and report; return the messages that were refused because their channel is full."""
        try:
            results = await self._edge.send([post.envelope for post in posts])
        except LayerUnavailable as error:
            self._availability.went_away(error)
            if isinstance(error, PartlyRefused):
                return self._sort_interrupted(posts, error)
            self._unanswered = [
                post if _answer(post, Outcome.UNKNOWN) else post._replace(report=None) for post in posts
            ]
            return []
        except Exception as error:
            return await self._send_after(error, posts)
        refused = []
        self.sent_count += len(posts)
        for post, accepted in zip(posts, results, strict=True):
            if not accepted:
                refused.append(post)
            elif post.report is not None:
                _answer(post, Outcome.ACCEPTED)
        return refused

    def _sort_interrupted(self, posts: list[_Post], error: PartlyRefused) -> list[_Post]:
        """Report the outcomes of messages of which the store refused some; return those that full channels refused."""
        known = error.results
        outcome = Outcome.AWAY if error.is_clean else Outcome.FAILED
        for post, accepted in zip(posts, known, strict=True):
            if accepted is None and _answer(post, outcome):
                self._held.append(post)
            elif accepted is True:
                _answer(post, Outcome.ACCEPTED)
        return [post for post, accepted in zip(posts, known, strict=True) if accepted is False]

    async def _send_after(self, error: Exception, posts: list[_Post]) -> list[_Post]:
        """Send one by one, so that a message that cannot be sent does not affect the others."""
        if len(posts) > 1 and isinstance(error, TowpathError):
            refused = []
            for position, post in enumerate(posts):
                refused += await self._send([post])
                if self._availability.is_away:
                    self._pending[:0] = posts[position + 1 :]
                    break
            return refused
        log.error(
            "%d messages, the first for %s, cannot be sent", len(posts), posts[0].envelope.channel, exc_info=error
        )
        for post in posts:
            _answer(post, Outcome.FAILED)
        return []

    def _sort_refused(self, refused: list[_Post], tried: list[str]) -> None:
        """Put refused messages into the queues of their channels, and plan the next try of each channel."""
        by_channel: dict[str, list[_Post]] = {channel: [] for channel in tried}
        for post in refused:
            if _answer(post, Outcome.FULL):
                by_channel.setdefault(post.envelope.channel, []).append(post)
        for channel, posts in by_channel.items():
            blocked = self._blocked.setdefault(channel, BlockedChannel())
            blocked.tried(posts)
            if blocked:
                self._clock.callLater(blocked.pause_seconds, self._try, channel)
            else:
                del self._blocked[channel]

    def _try(self, channel: str) -> None:
        self._due.append(channel)
        if not self._is_flushing and not self._availability.is_away:
            self._start_flush()

    def _hold_pending(self) -> None:
        posts, self._pending = self._pending, []
        self._held += [post for post in posts if _answer(post, Outcome.AWAY)]

    def _resume(self) -> None:
        self._pending[:0] = self._held
        self._held = []
        if not self._is_flushing and (self._unanswered or self._pending or self._due):
            self._start_flush()


def _answer(post: _Post, outcome: Outcome) -> bool:
    """Report an outcome; return whether to keep trying. An error in one report does not stop the others."""
    if post.report is None:
        return False
    try:
        return post.report(post.envelope, outcome)
    except Exception:
        log.exception("Handling %s for a message on %s failed", outcome, post.envelope.channel)
        return False
