"""Exchanges that a monitor watches: health checks on the public port are answered at once, requests are counted."""

from collections.abc import Callable

from towpath.layers.contract import Content
from towpath.layers.monitoring import Health, Page
from towpath.layers.monitoring.pages import JSON_TYPE, ready_page

from ..http.exchange import CLIENT_LEFT, Exchange
from .actions import ActionCounts


def exchange_with_health(path: str, health: Callable[[], Health], base: type[Exchange] = Exchange) -> type[Exchange]:
    """Return a class of exchanges that answers `path`/live and `path`/ready, with any method."""
    pages: dict[str, Callable[[], Page]] = {
        f"{path}/live": lambda: Page(200, JSON_TYPE, b'{"status": "live"}\n'),
        f"{path}/ready": lambda: ready_page(health()),
    }

    class HealthExchange(base):  # type: ignore[valid-type,misc]  # a class that is chosen when the server starts
        """An exchange of the application, or a health check."""

        __slots__ = ()

        def begin(self, length: int | None, expects_continue: bool) -> None:
            """Answer a health check at once, also while the number of open requests is at its bound."""
            page = pages.get(self.head.path)
            if page is None:
                base.begin(self, length, expects_continue)
                return
            self._hub.requests.overdraw(1)
            self.deliver(_reply(page()))

        def _log_complete(self) -> None:
            """Neither log nor count health checks: they arrive every few seconds."""
            if self.head.path not in pages:
                base._log_complete(self)

    return HealthExchange


def counted_exchange(counts: ActionCounts) -> type[Exchange]:
    """Return a class of exchanges that are counted without the details of an access log."""

    class CountedExchange(Exchange):
        """An exchange of the application."""

        __slots__ = ()

        def _log_complete(self) -> None:
            answer = self._answer
            counts.request(answer.status or CLIENT_LEFT, self._hub.clock.seconds() - self._began, answer.content_bytes)

    return CountedExchange if counts.is_last else Exchange


def _reply(page: Page) -> Content:
    headers = [[b"content-type", page.content_type.encode()], [b"cache-control", b"no-store"]]
    return {"status": page.status, "headers": headers, "content": page.body, "more_content": False}
