"""Opens sockets as fast as it can, says how fast that was, and holds them, silent, until stdin ends."""

import argparse
import asyncio

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from .measuring import CONNECTING, Stopwatch, run, say, stdin_lines


class HeldClient(WSListener):
    """One socket; answers pings."""

    is_closed = False

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Answer a ping."""
        if frame.msg_type == WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Note the loss."""
        self.is_closed = True


async def _open(uri: str, numbers: list[int], clients: list[HeldClient]) -> None:
    while numbers:
        numbers.pop()
        _, client = await ws_connect(HeldClient, uri)
        clients.append(client)


async def measure(uri: str, sockets: int) -> None:
    """Run the scenario."""
    numbers, clients = list(range(sockets)), list[HeldClient]()
    stdin = await stdin_lines()
    watch = Stopwatch()
    await asyncio.gather(*(_open(uri, numbers, clients) for _ in range(CONNECTING)))
    say({"rate": len(clients) / watch.seconds, "generator_busy": watch.busy})
    await stdin.read()
    say({"sockets_lost": sum(client.is_closed for client in clients)})


def main() -> None:
    """Read the command line, run, answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("uri")
    parser.add_argument("--sockets", type=int, default=3000)
    options = parser.parse_args()
    run(measure(options.uri, options.sockets))


if __name__ == "__main__":
    main()
