"""Group sends from another process: to one large group, and to ten at a fixed rate."""

import time

from bench.systems.base import LineProcess, Running, Silent

from .base import Figure, Figures, Scale, Scenario, Target, load

SIZE = 64
#: A send that has not reached all by then has not reached all.
DELIVERY_SECONDS = 10.0
#: Between the delivery of a text and the next send: Pushpin delays a text that follows another within 25 ms.
PAUSE_SECONDS = 0.06

LAST = Figure("last_ms", "to the last member, ms", "lower")
PER_MEMBER = Figure("us_a_member", "µs a member", "lower")
MEDIAN = Figure("p50_ms", "median, ms", "lower")
WORST = Figure("p99_ms", "99 %, ms", "lower")
CHANNELS = "channels-*"

#: The systems that can be measured with thousands of sockets in reasonable time.
LARGE = frozenset(
    {
        "towpath",
        "channels-sync-uvicorn-pubsub",
        "channels-async-uvicorn-pubsub",
        "pushpin",
        "nchan",
        "autobahn",
    }
)


def one_group(members: int, sends: int, pause_seconds: float = PAUSE_SECONDS):
    """Return the measurement of sends to one group, each when the last has reached all; one that does not ends it."""

    def measure(running: Running, scale: Scale) -> Figures:
        many, texts = scale.number(members), 5 if scale.is_quick else sends
        with load("members", running.websocket_uri, "--members", many) as receivers, running.sender() as sender:
            _begin(receivers, sender, ["g0"])
            sender.tell({"groups": ["g0"], "count": texts, "rate": None, "bytes": SIZE})
            sent, is_whole = 0, True
            while sent < texts and is_whole:
                time.sleep(pause_seconds)
                sender.tell("now")
                sent += 1
                is_whole = _is_delivered(receivers)
            figures = _end(receivers, sent)
        return {**figures, **({"us_a_member": figures["last_ms"] * 1000 / many} if "last_ms" in figures else {})}

    return measure


def at_a_rate(groups: int, members: int, rate: float, seconds: float):
    """Return the measurement of sends to several groups in turn."""

    def measure(running: Running, scale: Scale) -> Figures:
        names, texts = [f"g{number}" for number in range(groups)], int(rate * scale.seconds(seconds))
        many = scale.number(members)
        arguments = ["--groups", groups, "--members", many]
        with load("members", running.websocket_uri, *arguments) as receivers, running.sender() as sender:
            _begin(receivers, sender, names)
            sender.tell({"groups": names, "count": texts, "rate": rate, "bytes": SIZE})
            sender.answer(seconds + 30)
            return _end(receivers, texts)

    return measure


def _begin(receivers: LineProcess, sender: LineProcess, groups: list[str]) -> None:
    """Wait until all have joined, and warm up: some systems join a moment after the handshake."""
    sender.answer()
    receivers.answer(120)
    for _ in range(2):
        sender.tell({"groups": groups, "count": len(groups), "rate": 20, "bytes": SIZE})
        sender.answer(120)
        all(_is_delivered(receivers) for _ in groups)
    receivers.tell("measure")
    while "measuring" not in receivers.answer():
        continue


def _is_delivered(receivers: LineProcess) -> bool:
    """Wait until a text has reached all members; missing deliveries are counted at the end."""
    try:
        receivers.answer(DELIVERY_SECONDS)
    except Silent:
        return False
    return True


def _end(receivers: LineProcess, texts: int) -> dict[str, float]:
    receivers.tell(f"end {texts}")
    answer: dict[str, float] = {"delivered": 0.0}
    while "delivered" in answer:
        answer = receivers.answer(120)
    return answer


SCENARIOS = [
    Scenario(
        "fanout-1000",
        "Group send to 1,000 sockets from another process",
        "group",
        (LAST, PER_MEMBER),
        one_group(1000, 20),
        targets=(Target("last_ms", 0.25, CHANNELS), Target("last_ms", 1.2, "autobahn", "reach")),
        seconds=10,
    ),
    Scenario(
        "fanout-5000",
        "The same to 5,000 sockets",
        "group",
        (LAST, PER_MEMBER),
        one_group(5000, 10),
        systems=LARGE,
        most_repeats=2,
        targets=(Target("last_ms", 0.25, CHANNELS), Target("last_ms", 1.2, "autobahn", "reach")),
        seconds=22,
    ),
    Scenario(
        "groups",
        "10 groups of 500 sockets, 20 sends a second from another process",
        "group",
        (WORST, MEDIAN),
        at_a_rate(10, 500, 20, 5),
        systems=LARGE,
        most_repeats=2,
        targets=(Target("p99_ms", 50),),
        seconds=18,
    ),
]
