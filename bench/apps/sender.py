"""Sends texts to groups, as a process of one system does: `sender.py towpath|channels`, or `sender.py http|grip URL`.

A job is a line of JSON on stdin: {"groups": [names], "count": sends in all, "rate": sends a second or null,
"bytes": length of a text}. Groups take turns. With rate null each send waits for a line on stdin. A text is the time
of its sending by CLOCK_MONOTONIC, one clock for all processes of a machine, padded with spaces. Answers, a line each:
{"ready": true}, then {"sent": n} after each job.
"""

import json
import os
import sys
import time
from collections.abc import Callable

Send = Callable[[str, str], object]


def towpath() -> Send:
    """Send as any process of a Towpath project does."""
    import django

    django.setup()
    from towpath import Group

    return lambda group, text: Group(group).send({"text": text})


def channels() -> Send:
    """Send as any process of a Channels project does, on one event loop."""
    import asyncio

    import django

    django.setup()
    from channels.layers import get_channel_layer

    loop, layer = asyncio.new_event_loop(), get_channel_layer()
    return lambda group, text: loop.run_until_complete(layer.group_send(group, {"type": "say", "text": text}))


def http(address: str, encode: Callable[[str, str], str] = lambda group, text: text) -> Send:
    """POST each text to the URL, in which `{group}` stands for the group."""
    from http.client import HTTPConnection
    from urllib.parse import urlsplit

    url = urlsplit(address)
    connection = HTTPConnection(url.hostname or "", url.port)

    def send(group: str, text: str) -> None:
        body = encode(group, text).encode()
        connection.request("POST", url.path.replace("{group}", group), body, {"Content-Type": "text/plain"})
        response = connection.getresponse()
        answer = response.read()
        if response.status >= 300:
            raise SystemExit(f"{address} answered {response.status}: {answer!r}")

    return send


def grip(address: str) -> Send:
    """POST each text as a message of Pushpin's publishing protocol."""

    def encode(group: str, text: str) -> str:
        return json.dumps({"items": [{"channel": group, "formats": {"ws-message": {"content": text}}}]})

    return http(address, encode)


def serve(send: Send) -> None:
    """Run jobs until stdin ends."""
    _answer({"ready": True})
    while line := sys.stdin.readline():
        job = json.loads(line)
        started = time.monotonic()
        for number in range(job["count"]):
            if job["rate"] is None:
                sys.stdin.readline()
            else:
                time.sleep(max(0.0, started + number / job["rate"] - time.monotonic()))
            send(job["groups"][number % len(job["groups"])], f"{time.monotonic():.9f}".ljust(job["bytes"]))
        _answer({"sent": job["count"]})


def _answer(answer: dict[str, object]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench_settings")
    kinds: dict[str, Callable[..., Send]] = {"towpath": towpath, "channels": channels, "http": http, "grip": grip}
    serve(kinds[sys.argv[1]](*sys.argv[2:]))
