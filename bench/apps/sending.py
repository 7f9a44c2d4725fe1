"""The loop of all senders: read jobs, send texts to groups at a pace, report when they are done.

A job is a line of JSON on stdin: {"groups": [names], "count": sends in all, "rate": sends a second or null,
"bytes": length of a text}. Groups take turns. With rate null each send waits for a line on stdin. A text is the time
of its sending by CLOCK_MONOTONIC, one clock for all processes of a machine, padded with spaces. Answers, a line each:
{"ready": true}, then {"sent": n} after each job.
"""

import json
import sys
import time
from collections.abc import Callable


def serve(send: Callable[[str, str], object]) -> None:
    """Work until stdin ends; `send(group, text)` sends."""
    _say({"ready": True})
    while line := sys.stdin.readline():
        job = json.loads(line)
        started = time.monotonic()
        for number in range(job["count"]):
            if job["rate"] is None:
                sys.stdin.readline()
            else:
                time.sleep(max(0.0, started + number / job["rate"] - time.monotonic()))
            send(job["groups"][number % len(job["groups"])], f"{time.monotonic():.9f}".ljust(job["bytes"]))
        _say({"sent": job["count"]})


def _say(answer: dict[str, object]) -> None:
    print(json.dumps(answer), flush=True)
