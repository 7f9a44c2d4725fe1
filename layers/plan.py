"""Plans the operations of settlements, without IO.

Sends to named channels and look-ups of groups come first; then, when a following settlement can no longer overtake
them, the inbox entries. Settlements that only reply to their own connections are one step.

Order per inbox is the order of the sends. Replies to the run's own reply channel are part of the settlement, one entry
a run, unless a group send follows them.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .contract import SESSION_STATE_MAX_BYTES, Content, Envelope, GroupSend, Send, Settlement
from .entries import EntryCodec, published_entry
from .errors import MessageTooLarge, TowpathError
from .history.bounds import Histories
from .names import is_inbox, random_token, split_local
from .operations.history import Publish, Published
from .operations.in_flight import Source
from .operations.wills import StoreSessionState

logger = logging.getLogger(__name__)


Step = tuple[str | None, GroupSend | None, bytes | Publish]


@dataclass(slots=True)
class Plan:
    """The writes of settlements: bodies by channel, and steps to inboxes and groups in order.

    A step is (inbox, None, entry), or (None, group, message) whose inboxes are known only when the group is looked up.
    The message is an entry, or the operation that publishes it into the history of the group: then its place is known
    only when that has been executed.
    `states` are session states stored for the last will of a connection, should its interface server expire.
    """

    queues: dict[str, list[bytes]] = field(default_factory=dict)
    #: Messages that are to be run later, by the channel from which they were taken.
    again: dict[str, list[bytes]] = field(default_factory=dict)
    #: Of these, the messages that are in flight: with their channel and their new body.
    postponed: list[tuple[Source, str, bytes]] = field(default_factory=list)
    groups: dict[str, None] = field(default_factory=dict)
    publishes: list[Publish] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    states: list[StoreSessionState] = field(default_factory=list)

    @property
    def is_one_step(self) -> bool:
        """Return whether there are only entries of inboxes: no named channel, and no group."""
        return not (self.queues or self.groups or self.publishes or self.again or self.postponed)


class Planner:
    """Makes plans with the entry codec of one layer, whose groups may have `histories`."""

    def __init__(self, codec: EntryCodec, histories: Histories | None = None) -> None:
        self._codec = codec
        self._history_of = Histories().of if histories is None else histories.of

    def plan(self, settlements: Sequence[Settlement]) -> Plan:
        """Plan several runs in order. A send that cannot be encoded is logged and left out; the others are sent."""
        plan = Plan()
        for run in settlements:
            if run.again is not None and run.replaces is not None:
                plan.postponed.append((run.replaces, run.again.channel, self._codec.queue_body(run.again)))
            elif run.again is not None:
                plan.again.setdefault(run.again.channel, []).append(self._codec.queue_body(run.again))
            if run.turn is None or run.reply_channel is None:
                self._add_sends(plan, run.sends)
            else:
                self._add_run(plan, run, run.reply_channel, run.turn)
        return plan

    def add_send(self, plan: Plan, send: Send) -> None:
        """Add one send.

        Raises:
            EncodeError, MessageTooLarge: it cannot be encoded.
        """
        if isinstance(send, GroupSend):
            self._add_group_send(plan, send)
        elif is_inbox(send.channel):
            inbox, local = split_local(send.channel)
            plan.steps.append((inbox, None, self._codec.delivery(local, send.content)))
        else:
            plan.queues.setdefault(send.channel, []).append(self._codec.queue_body(send))

    def _add_group_send(self, plan: Plan, send: GroupSend) -> None:
        bounds = self._history_of(send.group)
        if bounds is None:
            plan.groups[send.group] = None
            plan.steps.append((None, send, self._codec.group(send.group, send.content, send.trace, send.exclude)))
            return
        kept = self._codec.of_history(send.group, send.content, send.trace, send.exclude)
        publish = Publish(send.group, kept, bounds, random_token())
        plan.publishes.append(publish)
        plan.steps.append((None, send, publish))

    def _add_sends(self, plan: Plan, sends: Sequence[Send]) -> None:
        for send in sends:
            try:
                self.add_send(plan, send)
            except TowpathError:
                logger.exception("A held send was dropped")

    def _add_run(self, plan: Plan, run: Settlement, reply_channel: str, turn: int) -> None:
        inbox, local = split_local(reply_channel)
        if run.is_lost:
            plan.steps.append((inbox, None, self._codec.lost(local, turn)))
            return
        replies, others = _split_tail(run.sends, reply_channel)
        self._add_sends(plan, others)
        state = run.session_state
        try:
            entry = self._codec.settled(local, turn, replies, state)
        except MessageTooLarge:  # each reply is within the bound of a message, their sum is not
            plan.steps += [(inbox, None, self._codec.delivery(local, reply)) for reply in replies]
            entry = self._codec.settled(local, turn, (), state)
        except TowpathError:
            logger.exception("The replies of a consumer were dropped; its turn ends")
            entry, state = self._codec.settled(local, turn, (), None), None
        plan.steps.append((inbox, None, entry))
        if state is not None and len(state) <= SESSION_STATE_MAX_BYTES:
            plan.states.append(StoreSessionState(inbox, local, self._codec.session_state(state) if state else b""))


def _split_tail(sends: Sequence[Send], own: str) -> tuple[list[Content], Sequence[Send]]:
    """Split off the last replies to `own`, those after the last group send: the connection may be a member of it."""
    if len(sends) == 1 and isinstance(sends[0], Envelope) and sends[0].channel == own:
        return [sends[0].content], ()
    cut = max((index + 1 for index, send in enumerate(sends) if isinstance(send, GroupSend)), default=0)
    tail = [send for send in sends[cut:] if isinstance(send, Envelope)]
    replies = [send.content for send in tail if send.channel == own]
    return replies, [*sends[:cut], *(send for send in tail if send.channel != own)]


def inbox_entries(
    plan: Plan, marks: Mapping[str, Sequence[str]], published: Sequence[Published | None] = ()
) -> dict[str, list[bytes]]:
    """Resolve a plan's steps with what the store knows of the groups; return entries by inbox, each in order."""
    entries: dict[str, list[bytes]] = {}
    places = iter(published)
    for inbox, group_send, entry in plan.steps:
        if isinstance(entry, Publish):
            place = next(places, None)
            if place is not None:
                _add_to_all(entries, place.marks, published_entry(entry.entry, place.epoch, place.offset))
        elif inbox is not None:
            entries.setdefault(inbox, []).append(entry)
        elif group_send is not None:
            _add_to_all(entries, marks[group_send.group], entry)
    return entries


def _add_to_all(entries: dict[str, list[bytes]], marks: Sequence[str], entry: bytes) -> None:
    for mark in marks:
        if is_inbox(mark):
            entries.setdefault(mark, []).append(entry)


def plain_member_sends(
    plan: Plan, marks: Mapping[str, Sequence[str]], published: Sequence[Published | None] = ()
) -> list[Envelope]:
    """Return the sends to members of groups that are plain channels, in order."""
    sends: list[Envelope] = []
    places = iter(published)
    for _, group_send, entry in plan.steps:
        if group_send is None:
            continue
        place = next(places, None) if isinstance(entry, Publish) else None
        members = marks.get(group_send.group, ()) if place is None else place.marks
        sends += [
            Envelope(mark, group_send.content, trace=group_send.trace)
            for mark in members
            if not is_inbox(mark) and mark not in group_send.exclude
        ]
    return sends
