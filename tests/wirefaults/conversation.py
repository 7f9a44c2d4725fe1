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

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from towpath.channels import Channel, ConsumeLater, Group, Message
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
    #: Within which time everything is answered or called lost, in seconds.
    patience: float = 10.0

    def sayings(self) -> list[list[str]]:
        """Return what each socket says: everything of `SAYINGS` comes up, in an order that the seed decides."""
        chance = random.Random(self.seed)
        found = []
        for socket in range(self.sockets):
            said = [SAYINGS[number % len(SAYINGS)] for number in range(self.events)]
            chance.shuffle(said)
            found.append([f"{what} {socket}-{number}" for number, what in enumerate(said)])
        return found


class Consumers:
    """The consumers of the conversation, which write down what happens to them."""

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
        self._begin(message, CONNECT)
        name = message.reply_channel.name
        Group(ROOM, channel_layer=message.channel_layer).add(name)
        message.reply_channel.send({"accept": True, "text": f"hello {name}"})
        self._end(message, CONNECT)

    def receive(self, message: Message) -> None:
        """Do what the text asks for."""
        self._begin(message, RECEIVE)
        what, mark = str(message["text"]).split()
        if what == "later" and RETRIES_KEY not in message:
            self._put_off(message)
        if what == "slow":
            time.sleep(SLOW_SECONDS)
        if what == "group":
            number = mark.partition("-")[2]
            text = f"group {message.reply_channel.name} {number}"
            Group(ROOM, channel_layer=message.channel_layer).send({"text": text})
        if what == "named":
            Channel(TALLY, channel_layer=message.channel_layer).send({"mark": mark})
        message.reply_channel.send({"text": f"done {message.turn}"})
        self._end(message, RECEIVE)

    def disconnect(self, message: Message) -> None:
        """Note it."""
        self._begin(message, DISCONNECT)
        self._end(message, DISCONNECT)

    def tally(self, message: Message) -> None:
        """Note a mark."""
        self.journal.named.append(message["mark"])

    def _put_off(self, message: Message) -> None:
        self.journal.note("put-off", *self._event(message, RECEIVE))
        raise ConsumeLater

    def _begin(self, message: Message, kind: str) -> None:
        state = message.connection_state
        self.journal.note("begin", *self._event(message, kind), state=int(state) if state else 0)
        time.sleep(0)

    def _end(self, message: Message, kind: str) -> None:
        if kind != DISCONNECT:
            message.connection_state = str(int(message.connection_state or b"0") + 1).encode()
        self.journal.note("end", *self._event(message, kind))

    def _event(self, message: Message, kind: str) -> tuple[str, int, str, int]:
        return message.reply_channel.name, message.turn or 0, kind, message.get(RETRIES_KEY, 0)


class Conversation:
    """One run of a script on a site."""

    def __init__(self, site: Site, script: Script) -> None:
        self.site = site
        self.script = script
        self.talkers: list[Talker] = []

    async def run(self) -> None:
        """Hold it from the first handshake to the last disconnect.

        Raises:
            Overdue: something took longer than it may.
        """
        site = self.site
        await site.start_interface()
        site.start_worker(STEADY)
        site.start_worker(RESTARTED)
        sayings = self.script.sayings()
        for socket in range(self.script.sockets):
            self.talkers.append(await site.opened(f"/{socket}/", self.script.patience))
        half = self.script.events // 2
        self._say([said[:half] for said in sayings])
        await site.stop_worker(RESTARTED)
        self._say([said[half:] for said in sayings])
        site.start_worker(RESTARTED)
        await until(self._is_answered, self.script.patience, self._what_is_missing())
        for talker in self.talkers:
            talker.close()
        await until(self._is_over, self.script.patience, "all sockets' disconnects are handled")

    def missing(self) -> dict[str, set[int]]:
        """Return the turns of each socket that have neither been answered nor called lost."""
        return {
            talker.name: set(range(2, talker.sent + 2)) - set(talker.done) - self.site.lost_of(talker.name)
            for talker in self.talkers
        }

    def _say(self, sayings: Sequence[Sequence[str]]) -> None:
        for talker, said in zip(self.talkers, sayings, strict=True):
            for text in said:
                talker.say(text)

    def _is_answered(self) -> bool:
        return not any(self.missing().values())

    def _is_over(self) -> bool:
        gone = {entry.name for entry in self.site.journal.of("end") if entry.kind == DISCONNECT}
        return not len(self.site.hub.connections) and {talker.name for talker in self.talkers} <= gone

    def _what_is_missing(self) -> str:
        return "all events are answered"


async def hold(site: Site, script: Script) -> list[str]:
    """Hold a conversation, stop everything; return the rules that were broken."""
    conversation = Conversation(site, script)
    found = []
    try:
        await conversation.run()
    except Overdue as error:
        missing = {name[-6:]: sorted(turns) for name, turns in conversation.missing().items() if turns}
        found.append(f"{error}; without an answer: {missing}")
    finally:
        await site.close()
    return found + site.journal.violations()
