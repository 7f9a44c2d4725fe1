"""The members of groups g0, g1, ...: counts what reaches them, and how long it took from its sending.

Says {"joined": n}, then {"delivered": n} each time a text has reached all members of its group. The line "measure"
on stdin forgets what was before, and is answered with {"measuring": true}; "end N" waits until the N texts that were
sent since have reached all, or nothing comes any more, and says the sum. Where nothing came there are no times.
"""

import argparse
import asyncio
import time

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from .measuring import CONNECTING, Stopwatch, latencies_ms, percentile_ms, run, say, stdin_lines

#: How long to wait for missing deliveries after the last one that came.
PATIENCE_SECONDS = 5.0


class Tally:
    """Deliveries by text; a text is the time of its sending, and one of its kind."""

    def __init__(self, members: int) -> None:
        self._members = members
        self.restart()

    def restart(self) -> None:
        """Forget what was before."""
        self._counts: dict[str, int] = {}
        #: Deliveries of a text to a member that had it already.
        self.doubled = 0
        self.latencies: list[float] = []
        #: From the sending to the last delivery of each text that reached all.
        self.lasts: list[float] = []
        self.heard_at = time.monotonic()
        self.watch = Stopwatch()

    def add(self, text: str) -> None:
        """Count a delivery."""
        now = self.heard_at = time.monotonic()
        self.latencies.append(now - float(text))
        count = self._counts[text] = self._counts.get(text, 0) + 1
        if count == self._members:
            self.lasts.append(now - float(text))
            say({"delivered": len(self.lasts)})


class Member(WSListener):
    """One socket."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._last = ""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Count a text."""
        if frame.msg_type == WSMsgType.TEXT:
            self._hear(frame.get_payload_as_ascii_text())
        elif frame.msg_type == WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())

    def _hear(self, text: str) -> None:
        if text == self._last:
            self._tally.doubled += 1
        else:
            self._last = text
            self._tally.add(text)


async def measure(uri: str, groups: int, members: int) -> None:
    """Run the scenario."""
    tally = Tally(members)
    stdin = await stdin_lines()
    uris = [f"{uri}/group/g{number % groups}/" for number in range(groups * members)]
    transports: list[WSTransport] = []
    for begin in range(0, len(uris), CONNECTING):
        joining = [ws_connect(lambda: Member(tally), uri) for uri in uris[begin : begin + CONNECTING]]
        transports += [transport for transport, _ in await asyncio.gather(*joining)]
    say({"joined": len(transports)})
    while (words := (await stdin.readline()).split()) and words[0] == b"measure":
        tally.restart()
        say({"measuring": True})
    if words:
        await _sum_up(tally, int(words[1]), members)


async def _sum_up(tally: Tally, sends: int, members: int) -> None:
    busy = tally.watch.busy
    expected = sends * members
    while len(tally.latencies) < expected and time.monotonic() - tally.heard_at < PATIENCE_SECONDS:
        await asyncio.sleep(0.02)
    say(
        {
            "missed": max(0, expected - len(tally.latencies)),
            "too_many": tally.doubled,
            **latencies_ms(tally.latencies),
            **({"last_ms": percentile_ms(tally.lasts, 50)} if tally.lasts else {}),
            "generator_busy": busy,
        }
    )


def main() -> None:
    """Read the command line, run, answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("uri")
    parser.add_argument("--groups", type=int, default=1)
    parser.add_argument("--members", type=int, default=1000, help="of each group")
    options = parser.parse_args()
    run(measure(options.uri, options.groups, options.members))


if __name__ == "__main__":
    main()
