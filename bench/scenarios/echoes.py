"""Echo through a consumer: many sockets at once, and one alone."""

from bench.systems.base import Running

from .base import Figure, Figures, Scale, Scenario, generate
from .targets import Target

SIZE = 64
SYNC_UVICORN, ASYNC = "channels-sync-uvicorn-*", "channels-async-*"


def echo(sockets: int, seconds: float, size: int = SIZE, window: int = 1):
    """Return the measurement of a closed loop over a number of sockets."""

    def measure(running: Running, scale: Scale) -> Figures:
        arguments = ["--sockets", sockets, "--seconds", scale.seconds(seconds), "--size", size, "--window", window]
        return generate("echo", running.websocket_uri + "/echo/", *arguments)

    return measure


RATE = Figure("rate", "echoes/s", "higher")
MEDIAN = Figure("p50_ms", "median, ms", "lower")
WORST = Figure("p99_ms", "99 %, ms", "lower")

SCENARIOS = [
    Scenario(
        "echo",
        "Echo through a consumer, 200 sockets in a closed loop, 64 bytes",
        "websocket",
        (RATE, MEDIAN, WORST),
        echo(200, 3),
        targets=(
            Target("rate", 2, SYNC_UVICORN),
            Target("rate", 1, ASYNC),
            Target("rate", 2, ASYNC, "reach"),
        ),
    ),
    Scenario("echo-50", "The same over 50 sockets", "websocket", (RATE, MEDIAN, WORST), echo(50, 3), most_repeats=1),
    Scenario(
        "latency",
        "The same over one socket",
        "websocket",
        (MEDIAN, WORST),
        echo(1, 2),
        targets=(
            Target("p50_ms", 0.6 / 0.09, "autobahn"),
            Target("p50_ms", 0.35 / 0.09, "autobahn", "reach"),
        ),
        seconds=4,
    ),
]
