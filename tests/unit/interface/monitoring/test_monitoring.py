"""Actions of an interface server become counts, whatever its clients choose."""

from typing import Any

import pytest

from towpath.interface.monitoring.actions import ActionCounts, code_class, status_class
from towpath.layers.monitoring import Family, Histogram


def request(status: int, seconds: float = 0.1, size: int = 10) -> dict[str, Any]:
    return {"method": "GET", "path": "/", "status": status, "size": size, "time_taken": seconds, "client": None}


def value(families: list[Family], name: str, *labels: str) -> float | int:
    [family] = [family for family in families if family.name == f"towpath_interface_{name}"]
    [found] = [number for values, number in family.samples if values == labels]
    return sum(found.counts) if isinstance(found, Histogram) else found


def test_requests_are_counted_by_the_class_of_their_status() -> None:
    counts = ActionCounts()
    for status in (200, 204, 404, 499, 503):
        counts("http", "complete", request(status))
    families = counts.families()
    found = [value(families, "request_seconds", status) for status in ("1xx", "2xx", "3xx", "4xx", "5xx", "other")]
    assert found == [0, 2, 0, 2, 1, 0]
    assert value(families, "response_bytes") == 50


def test_the_life_of_a_websocket_is_counted() -> None:
    counts = ActionCounts()
    for action, more in [("connecting", {}), ("connecting", {}), ("connected", {}), ("rejected", {"status": 403})]:
        counts("websocket", action, {"path": "/", "client": None, **more})
    counts("websocket", "disconnected", {"path": "/", "client": None, "code": 1001})
    families = counts.families()
    assert value(families, "handshakes") == 2
    assert value(families, "websockets_opened") == 1
    assert value(families, "handshakes_rejected", "4xx") == 1
    assert value(families, "websockets_closed", "1001") == 1


def test_actions_are_passed_on() -> None:
    passed: list[Any] = []
    counts = ActionCounts(lambda *action: passed.append(action))
    counts("http", "complete", request(200))
    assert passed == [("http", "complete", request(200))]


@pytest.mark.parametrize(
    ("code", "label"),
    [(1000, "1000"), (1015, "1015"), (1016, "other"), (2999, "other"), (3000, "3xxx"), (4999, "4xxx"), (5000, "other")],
)
def test_a_close_code_that_a_client_may_choose_is_counted_by_the_thousand(code: int, label: str) -> None:
    assert code_class(code) == label


def test_no_status_and_no_close_code_adds_a_label_without_end() -> None:
    assert {status_class(status) for status in range(2000)} == {"1xx", "2xx", "3xx", "4xx", "5xx", "other"}
    assert len({code_class(code) for code in range(70_000)}) == 19
