"""A client cannot write lines into a log: its values are escaped in every log line."""

import io
import logging
from typing import Any

import pytest

from towpath.interface.accesslog import AccessLog
from towpath.interface.connections import TooManyConnections
from towpath.layers import client_log

FORGING = b"GET /a%0a2026-01-01%20ERROR%20forged%0d%1b[2J%c2%85%e2%80%a8 HTTP/1.1\r\nHost: a\r\n\r\n"


class Broken:
    """An application whose reply is not a response."""

    reply_channel = "interface.me!you"
    is_closed = False

    def __init__(self, owner: Any) -> None:
        self._owner = owner

    def emit(self, channel: str, content: dict[str, Any], *, insist: bool) -> None:
        self._owner.deliver({"status": "none"})

    def close(self, channel: str | None = None, content: dict[str, Any] | None = None) -> None:
        pass


class Silent(Broken):
    """An application that does not answer."""

    def emit(self, channel: str, content: dict[str, Any], *, insist: bool) -> None:
        pass


def full(owner: Any) -> Any:
    """Take no request."""
    raise TooManyConnections("full")


@pytest.mark.parametrize("converse", [Broken, Silent, full])
def test_a_path_cannot_forge_a_line(make_site: Any, caplog: pytest.LogCaptureFixture, converse: Any) -> None:
    caplog.set_level(logging.DEBUG)
    site = make_site(http_timeout_seconds=1)
    site.factory.converse = converse
    connection, _ = site.connect()
    connection.dataReceived(FORGING)
    site.hub.clock.advance(2)
    assert "forged" in caplog.text
    for record in caplog.records:
        assert record.getMessage().isprintable()


def test_a_flood_of_refused_requests_is_a_few_lines(
    make_site: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_log, "SECONDS_A_LINE", 3600)
    caplog.set_level(logging.INFO)
    site = make_site()
    site.factory.converse = full
    for _ in range(500):
        site.send([FORGING])
    assert 0 < sum("is refused" in line for line in caplog.messages) <= client_log.BURST


def test_an_access_log_has_one_line_for_one_request(make_site: Any) -> None:
    site, lines = make_site(), io.StringIO()
    site.hub.log_action = AccessLog(lines)
    site.send([FORGING])
    site.send([b'GET /"%20200%205%0a HTTP/1.1\r\nHost: a\r\n\r\n'])
    written = lines.getvalue().splitlines()
    assert len(written) == 2
    assert all(line.isprintable() for line in written)
    assert all(line.count('"') == 2 for line in written)
