"""An interface server and an application that echoes, in one process over the memory layer.

    python echo_server.py --fd 3 [options of towpath-interface]

| path | what the application does |
|---|---|
| `/silent/` | leaves the handshake without an answer |
| `/refused/` | refuses the handshake |
| `/unauthorized/` | refuses it with 401, a header and a body |
| `/typo/` | answers it with a key that does not exist |
| `/cookie/` | accepts with a cookie, and closes with 4401 and a reason |
| `/stop/` | accepts, and takes no message any more, of anybody, once it is sent "stop" |
| `/burst/` | accepts, and answers "N BYTES" with N frames of that size from one consumer; "close" behind it closes |
| any other | accepts, and sends each message back |

An HTTP request is answered with JSON of what the application saw; one for `/large/` with 200 KiB.
"""

import argparse
import json
import sys
import threading
from typing import Any

from towpath.interface.cli import open_access_log, set_up_logging
from towpath.interface.commandline.options import add_options, config_from
from towpath.interface.process.service import serve
from towpath.layers.contract import ChannelLayer, Content, Envelope, Settlement
from towpath.layers.memory import MemoryChannelLayer

CHANNELS = ("http.request", "http.disconnect", "websocket.connect", "websocket.receive", "websocket.disconnect")
AT_A_TIME = 100
LARGE_BYTES = 200 * 1024
ANSWERS: dict[str, list[Content]] = {
    "/silent/": [],
    "/refused/": [{"close": True}],
    "/unauthorized/": [
        {"accept": False, "status": 401, "headers": [["WWW-Authenticate", "Basic"]], "content": b"who are you?"}
    ],
    "/typo/": [{"accept": True, "subprotcol": "chat"}],
    "/cookie/": [
        {"accept": True, "headers": [[b"Set-Cookie", "city=хлеб".encode()]]},
        {"close": 4401, "reason": "gone"},
    ],
}


def main() -> int:
    """Serve until a signal comes."""
    from contextlib import ExitStack

    parser = argparse.ArgumentParser(allow_abbrev=False)
    add_options(parser)
    parser.add_argument("--verbosity", type=int, default=1)
    options = parser.parse_args()
    set_up_logging(options.verbosity)
    config = config_from(options)
    layer = MemoryChannelLayer(capacity=100_000)
    threading.Thread(target=work, args=[layer], daemon=True).start()
    with ExitStack() as stack:
        return serve(layer, config, open_access_log(config, stack))


def work(layer: ChannelLayer) -> None:
    """Answer messages for ever."""
    reader = layer.reader(CHANNELS)
    settlements: list[Settlement] = []
    while True:
        received = reader.exchange(settlements, dict.fromkeys(CHANNELS, AT_A_TIME), block_seconds=60)
        if any(taken.envelope.content.get("text") == "stop" for taken in received.taken):
            threading.Event().wait()
        settlements = [answered(taken.envelope) for taken in received.taken]


def answered(envelope: Envelope) -> Settlement:
    """Return the settlement of a message."""
    reply_channel = envelope.content["reply_channel"]
    sends = [Envelope(reply_channel, reply) for reply in replies(envelope.channel, envelope.content)]
    return Settlement([*sends], reply_channel, envelope.turn)


def replies(channel: str, content: Content) -> list[Content]:
    """Return the replies of the application to a message."""
    if channel == "http.request" and content["path"] == "/large/":
        return [{"status": 200, "headers": [], "content": bytes(LARGE_BYTES)}]
    if channel == "http.request":
        return [{"status": 200, "headers": [], "content": json.dumps(content, default=readable).encode()}]
    if channel == "websocket.connect":
        return ANSWERS.get(content["path"], [{"accept": True}])
    if channel == "websocket.receive" and content["path"] == "/burst/":
        count, length, *close = content["text"].split()
        frames: list[Content] = [{"bytes": b"%-10d" % number + bytes(int(length) - 10)} for number in range(int(count))]
        return [*frames, *({"close": True} for _ in close)]
    if channel == "websocket.receive":
        return [{"bytes": content["bytes"]} if "bytes" in content else {"text": content["text"]}]
    return []


def readable(value: Any) -> str:
    """Write bytes into JSON."""
    return bytes(value).decode("latin-1")


if __name__ == "__main__":
    sys.exit(main())
