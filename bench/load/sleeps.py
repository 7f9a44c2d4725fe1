"""A fixed number of requests to a view that sleeps random()² seconds, some in flight: the time they take."""

import argparse
import asyncio
import random
from urllib.parse import urlsplit

from .measuring import Stopwatch, run, say


async def _work(host: str, port: int, waiting: list[float], errors: list[str]) -> None:
    while waiting:
        seconds = waiting.pop()
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(f"GET /sleep/{seconds:.4f}/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        status = (await reader.read())[9:12].decode("ascii", "replace")
        writer.close()
        if status != "200":
            errors.append(status)


async def measure(url: str, requests: int, in_flight: int, threads: int) -> None:
    """Run the scenario. `ideal` is what `threads` threads need that never wait for work."""
    parts = urlsplit(url)
    numbers = random.Random(1582)
    waiting = [numbers.random() ** 2 for _ in range(requests)]
    ideal, errors = sum(waiting) / threads, list[str]()
    watch = Stopwatch()
    workers = [_work(parts.hostname or "", parts.port or 80, waiting, errors) for _ in range(in_flight)]
    await asyncio.gather(*workers)
    say({"seconds": watch.seconds, "ideal": ideal, "errors": len(errors), "generator_busy": watch.busy})


def main() -> None:
    """Read the command line, run, answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--in-flight", type=int, default=20)
    parser.add_argument("--threads", type=int, default=16)
    options = parser.parse_args()
    run(measure(options.url, options.requests, options.in_flight, options.threads))


if __name__ == "__main__":
    main()
