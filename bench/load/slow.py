"""Holds clients that send or read a few bytes now and then, until stdin ends. Says when all of them are connected.

Half of them begin an upload of 300,000 bytes and send a byte a second; half ask for a long page and read 512 bytes
every three seconds, through a small window.
"""

import argparse
import asyncio
import socket
from urllib.parse import urlsplit

from .measuring import run, say, stdin_lines

UPLOAD_BYTES = 300_000
SEND_SECONDS, READ_SECONDS, READ_BYTES = 1.0, 3.0, 512
#: So small that the system keeps little of a response that is not read.
WINDOW_BYTES = 4096


async def connect(address: tuple[str, int], request: str) -> socket.socket:
    """Open a connection and send the head of a request."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW_BYTES)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, address)
    await loop.sock_sendall(client, request.encode())
    return client


async def send_slowly(clients: list[socket.socket]) -> None:
    """Send a byte on each connection, again and again; one that the server has ended is left alone."""
    while True:
        await asyncio.sleep(SEND_SECONDS)
        for client in clients:
            try:
                client.send(b"x")
            except OSError:
                continue


async def read_slowly(clients: list[socket.socket]) -> None:
    """Read a little from each connection, again and again."""
    while True:
        await asyncio.sleep(READ_SECONDS)
        for client in clients:
            try:
                client.recv(READ_BYTES)
            except OSError:
                continue


async def measure(url: str, posters: int, readers: int) -> None:
    """Connect, and hold."""
    parts = urlsplit(url)
    address, host = (parts.hostname or "", parts.port or 80), parts.netloc
    upload = f"POST /upload/ HTTP/1.1\r\nHost: {host}\r\nContent-Length: {UPLOAD_BYTES}\r\n\r\n"
    download = f"GET /download/ HTTP/1.1\r\nHost: {host}\r\n\r\n"
    stdin = await stdin_lines()
    posting = [await connect(address, upload) for _ in range(posters)]
    reading = [await connect(address, download) for _ in range(readers)]
    tasks = [asyncio.create_task(send_slowly(posting)), asyncio.create_task(read_slowly(reading))]
    say({"connected": len(posting) + len(reading)})
    await stdin.read()
    for task in tasks:
        task.cancel()
    say({"ended": len(posting) + len(reading)})


def main() -> None:
    """Read the command line, run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--posters", type=int, default=200)
    parser.add_argument("--readers", type=int, default=200)
    options = parser.parse_args()
    run(measure(options.url, options.posters, options.readers))


if __name__ == "__main__":
    main()
