"""The conversation that wire faults are let loose on: a few sockets say everything that a site does, a worker process
is restarted in the middle of it, and all of them leave.

| a client says | its consumer |
|---|---|
| `echo` | replies |
| `group N` | sends number N to the group that all sockets are in |
| `named MARK` | sends a mark to a named channel |
| `later` | puts the message off once (`ConsumeLater`) |
| `slow` | takes longer than a batch may, so that the rest of its batch is requeued |

Each consumer counts the events of its connection in the connection's state, and replies `done TURN`.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from towpath.channels import Channel, ConsumeLater, Group, Message
from towpath.interface.websocket.ending import last_will
from towpath.layers.contract import Envelope
from towpath.layers.errors import LayerUnavailable
from towpath.worker.verdicts import RETRIES_KEY

from .invariants import CONNECT, DISCONNECT, RECEIVE, Journal
from .site import Overdue, Site, Talker, until

ROOM, TALLY = "room", "tally"
SAYINGS = ("echo", "echo", "group", "named", "later", "slow")
#: Longer than a batch may take.
SLOW_SECONDS = 0.006
#: The worker process that is restarted, and the one that goes on.
RESTARTED, STEADY = "a", "b"


@dataclass(frozen=True, slots=True)
class Script:
    """How much is said: `sockets`, and `events` of each besides its connect and disconnect."""

    sockets: int = 4
    events: int = 6
    seed: int = 0
    #: An interface server and a worker expire while the others talk.
    expires: bool = False
    #: Within which time everything is answered or called lost, in seconds.
    patience: float = 10.0

    def sayings(self) -> list[list[str]]:
        """Return the texts of each socket: all kinds of `SAYINGS`, in an order that the seed decides."""
        chance = random.Random(self.seed)
        found = []
        for socket in range(self.sockets):
            said = [SAYINGS[number % len(SAYINGS)] for number in range(self.events)]
            chance.shuffle(said)
            found.append([f"{what} {socket}-{number}" for number, what in enumerate(said)])
        return found


class Consumers:
    """The consumers of the conversation; they record each run in a journal."""

    def __init__(self) -> None:
        #: Set by the site that has them.
        self.journal = Journal()

    def routes(self) -> dict[str, Callable[[Message], object]]:
        """Return them by channel."""
        return {
            "websocket.connect": self.connect,
            "websocket.receive": self.receive,
            "websocket.disconnect": self.disconnect,
            TALLY: self.tally,
        }

    def connect(self, message: Message) -> None:
        """Accept, join the room, and say the socket its name."""
        with self._running(message, CONNECT):
            name = message.reply_channel.name
            Group(ROOM, channel_layer=message.channel_layer).add(name)
            message.reply_channel.send({"accept": True, "text": f"hello {name}"})

    def receive(self, message: Message) -> None:
        """Carry out the text."""
        with self._running(message, RECEIVE):
            what, mark = str(message["text"]).split()
            self._do(message, what, mark)
            message.reply_channel.send({"text": f"done {message.turn}"})

    def disconnect(self, message: Message) -> None:
        """Note it."""
        with self._running(message, DISCONNECT):
            pass

    def tally(self, message: Message) -> None:
        """Note a mark."""
        self.journal.named.append(message["mark"])

    def _do(self, message: Message, what: str, mark: str) -> None:
        if what == "later" and RETRIES_KEY not in message:
            raise ConsumeLater
        if what == "slow":
            time.sleep(SLOW_SECONDS)
        if what == "group":
            text = f"group {message.reply_channel.name} {mark.partition('-')[2]}"
            Group(ROOM, channel_layer=message.channel_layer).send({"text": text})
        if what == "named":
            Channel(TALLY, channel_layer=message.channel_layer).send({"mark": mark})

    @contextmanager
    def _running(self, message: Message, kind: str) -> Iterator[None]:
        """Note how a consumer begins and ends, and count its event in the connection's state."""
        state = int(message.session_state or b"0")
        event = message.reply_channel.name, message.turn or 0, kind, message.get(RETRIES_KEY, 0)
        self.journal.note("begin", *event, state=state)
        try:
            yield
        except BaseException as error:
            self.journal.note("put-off" if isinstance(error, ConsumeLater) else "failed", *event)
            raise
        if kind != DISCONNECT:
            message.session_state = str(state + 1).encode()
        self.journal.note("end", *event)


class Conversation:
    """One run of a script on a site."""

    def __init__(self, site: Site, script: Script) -> None:
        self.site = site
        self.script = script
        self.talkers: list[Talker] = []
        #: Reply channels of the sockets of an interface server that expires.
        self._expiring: list[str] = []

    async def run(self) -> None:
        """Hold it from the first handshake to the last disconnect.

        Raises:
            Overdue: something took longer than it may.
        """
        site, script = self.site, self.script
        await site.start_interface()
        site.start_worker(STEADY)
        site.start_worker(RESTARTED)
        sayings = script.sayings()
        for socket in range(script.sockets):
            self.talkers.append(await site.opened(f"/{socket}/", script.patience))
        if script.expires:
            await self._let_an_interface_expire()
            await self._let_a_worker_expire()
        half = script.events // 2
        self._say([said[:half] for said in sayings])
        await site.stop_worker(RESTARTED)
        self._say([said[half:] for said in sayings])
        site.start_worker(RESTARTED)
        await until(self._is_answered, script.patience, "all events are answered")
        for talker in self.talkers:
            talker.close()
        await until(self._is_over, script.patience, "all sockets' disconnects are handled")
        await until(self._is_drained, script.patience, "workers have handled everything")
        with suppress(Overdue):  # which `hold` reports
            await until(lambda: not self.unaccounted(), script.patience, "everything that was sent has arrived")

    def missing(self) -> dict[str, set[int]]:
        """Return the turns of each socket that have neither been answered nor called lost."""
        return {
            talker.name: set(range(2, talker.sent + 2)) - set(talker.done) - self.site.lost_of(talker.name)
            for talker in self.talkers
        }

    def unaccounted(self) -> list[str]:
        """Return the sends of consumers that have neither arrived exactly once nor been counted or logged."""
        site = self.site
        ran = {(entry.name, entry.turn) for entry in site.journal.of("end")}
        marks: Counter[str] = Counter()
        numbers: set[tuple[str, int]] = set()
        for talker in self.talkers:
            for turn, text in enumerate(talker.said, 2):
                what, mark = text.split()
                if (talker.name, turn) in ran and what == "named":
                    marks[mark] += 1
                if (talker.name, turn) in ran and what == "group":
                    numbers.add((talker.name, int(mark.partition("-")[2])))
        arrived = Counter(site.journal.named)
        found = [f"{mark} arrived {count} times" for mark, count in arrived.items() if count > 1]
        counts = self.site.counts(TALLY)
        counted = sum(counts[f"messages_{what}_count"] for what in ("dropped", "lost", "expired"))
        if len(marks - arrived) > counted + site.drops.count:
            found.append(f"{sorted(marks - arrived)} did not arrive; {counted} were counted, {site.drops.count} logged")
        for talker in self.talkers:
            unheard = numbers - set(site.journal.groups[talker.name])
            if len(unheard) > site.drops.count:
                found.append(
                    f"{talker.name[-6:]} did not hear {len(unheard)} group messages; {site.drops.count} logged"
                )
        return found

    def _say(self, sayings: Sequence[Sequence[str]]) -> None:
        for talker, said in zip(self.talkers, sayings, strict=True):
            for text in said:
                talker.say(text)

    def _is_answered(self) -> bool:
        return not any(self.missing().values())

    def _is_over(self) -> bool:
        gone = {entry.name for entry in self.site.journal.of("end") if entry.kind == DISCONNECT}
        names = {*(talker.name for talker in self.talkers), *self._expiring}
        return not len(self.site.hub.connections) and names <= gone

    def _is_drained(self) -> bool:
        channels = ("websocket.connect", "websocket.receive", "websocket.disconnect", TALLY)
        return not any(self.site.pending(channel) for channel in channels)

    async def _let_an_interface_expire(self) -> None:
        """Open two sockets at an interface server that does nothing more after that."""
        edge = self.site.layer("expiring").edge()
        await edge.open()
        self._expiring = [f"{edge.inbox}{number}" for number in range(2)]
        path = "/expiring/"
        events = [
            Envelope(
                "websocket.connect",
                {"reply_channel": name, "path": path, "order": 0},
                turn=1,
                will=last_will(name, path),
            )
            for name in self._expiring
        ]
        await edge.send(events)

    async def _let_a_worker_expire(self) -> None:
        """Take events by a worker that does nothing more after that."""
        layer = self.site.layer("expiring")
        reader = layer.reader(["websocket.receive"])
        self.site.unclosed.append(reader)
        self._say([["echo taken"], *([] for _ in self.talkers[1:])])
        while True:  # a loaded machine may take longer than the reader waits for an answer
            try:
                layer.renew_leases([reader.name])
                await asyncio.to_thread(reader.exchange, [], {"websocket.receive": 1}, 0.2)
            except LayerUnavailable:
                continue
            return


async def hold(site: Site, script: Script) -> list[str]:
    """Hold a conversation, stop everything; return the rules that were broken."""
    conversation = Conversation(site, script)
    found = []
    try:
        await conversation.run()
        found += conversation.unaccounted()
        if site.lost_turns.count != site.turns_lost():
            found.append(f"{site.lost_turns.count} turns were called lost, and {site.turns_lost()} counted")
    except Overdue as error:
        missing = {name[-6:]: sorted(turns)[:3] for name, turns in conversation.missing().items() if turns}
        ended = len({entry.name for entry in site.journal.of("ended")})
        found.append(f"{error}; the server has ended {ended} sockets; the first turns without an answer: {missing}")
    finally:
        await site.close()
    return found + site.journal.violations()
