"""The visitors of a site while something is done to it: a client that asks for pages, and sockets that send texts."""

import asyncio
import time
from itertools import count, pairwise
from types import TracebackType

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

#: Pauses between two pages, and between two texts of a socket, in seconds.
PAGE_SECONDS, TEXT_SECONDS = 0.02, 0.2
#: How long the last echoes may take, in seconds.
LAST_SECONDS = 10.0


class Visitors:
    """Visits the site at an address from the beginning of its `async with` block to its end."""

    def __init__(self, address: str, sockets: int) -> None:
        self._address = address
        self._sockets = sockets
        self._tasks: list[asyncio.Task[None]] = []
        self._clients: list[ClientConnection] = []
        self._is_ending = False
        #: The times when pages came, by `time.monotonic`; pages that were not answered with 200; sockets that closed.
        self._pages: list[float] = []
        self._bad_pages = 0
        self._closed = 0
        #: When each echo came, and how long it took; and the texts that were sent.
        self._echoes: list[tuple[float, float]] = []
        self._sent = 0

    async def __aenter__(self) -> "Visitors":
        self._clients = [await connect(f"ws://{self._address}/echo/") for _ in range(self._sockets)]
        self._tasks = [asyncio.create_task(self._ask_for_pages())]
        for client in self._clients:
            under_way: dict[str, float] = {}
            self._tasks.append(asyncio.create_task(self._send(client, under_way)))
            self._tasks.append(asyncio.create_task(self._receive(client, under_way)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_ending = True
        deadline = time.monotonic() + LAST_SECONDS
        while len(self._echoes) < self._sent and time.monotonic() < deadline:
            await asyncio.sleep(TEXT_SECONDS)
        for client in self._clients:
            await client.close()
        await asyncio.gather(*self._tasks)

    def without_page(self, since: float) -> float:
        """Return the longest time without a page that ended after `since`, in seconds."""
        return max(later - earlier for earlier, later in pairwise(self._pages) if later >= since)

    def slowest_echo(self, since: float) -> float:
        """Return how long the slowest echo took of those that came after `since`, in seconds."""
        return max((seconds for came_at, seconds in self._echoes if came_at >= since), default=0.0)

    def losses(self) -> str:
        """Return a sentence about pages, texts and sockets that were lost."""
        return (
            f"{len(self._pages)} pages, {self._bad_pages} of them refused; {self._sent} texts, "
            f"{self._sent - len(self._echoes)} of them lost; {self._closed} of {self._sockets} sockets closed."
        )

    async def _ask_for_pages(self) -> None:
        host, port = self._address.split(":")
        request = f"GET /hello/ HTTP/1.1\r\nHost: {self._address}\r\nConnection: close\r\n\r\n".encode()
        while not self._is_ending:
            try:
                reader, writer = await asyncio.open_connection(host, int(port))
                writer.write(request)
                answer = await reader.read()
                writer.close()
            except OSError:
                answer = b""
            if answer.startswith(b"HTTP/1.1 200"):
                self._pages.append(time.monotonic())
            else:
                self._bad_pages += 1
            await asyncio.sleep(PAGE_SECONDS)

    async def _send(self, client: ClientConnection, under_way: dict[str, float]) -> None:
        for number in count():
            if self._is_ending:
                return
            under_way[str(number)] = time.monotonic()
            try:
                await client.send(str(number))
            except ConnectionClosed:
                return
            self._sent += 1
            await asyncio.sleep(TEXT_SECONDS)

    async def _receive(self, client: ClientConnection, under_way: dict[str, float]) -> None:
        try:
            async for text in client:
                now = time.monotonic()
                self._echoes.append((now, now - under_way.pop(str(text))))
        except ConnectionClosed:
            pass  # counted as every other one
        self._closed += not self._is_ending
