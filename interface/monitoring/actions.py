"""Requests and WebSockets, counted from the actions that an access log gets. Label values come from fixed sets."""

from collections import Counter

from towpath.layers.monitoring import Family, Histogram
from towpath.layers.monitoring.measures import single
from towpath.layers.protocol import PRIVATE_CODES, STANDARD_CODES

from ..accesslog import ActionLogger, Details, no_log

#: Statuses by class; all others are `other`.
STATUS_CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx", "other")
_CLASSES = {hundred: f"{hundred}xx" for hundred in range(1, 6)}


class ActionCounts:
    """An action logger that counts, and passes each action on."""

    def __init__(self, log_action: ActionLogger = no_log) -> None:
        self._log_action = log_action
        self._requests = {status: Histogram() for status in STATUS_CLASSES}
        self._response_bytes = 0
        self._handshakes: Counter[str] = Counter(dict.fromkeys(("connecting", "connected", "rejected"), 0))
        self._rejected: Counter[str] = Counter(dict.fromkeys(STATUS_CLASSES, 0))
        self._closed: Counter[str] = Counter()

    @property
    def is_last(self) -> bool:
        """Return whether no other logger uses the actions."""
        return self._log_action is no_log

    def request(self, status: int, seconds: float, size: int) -> None:
        """Count a request."""
        self._requests[status_class(status)].observe(seconds)
        self._response_bytes += size

    def __call__(self, protocol: str, action: str, details: Details) -> None:
        """Count an action."""
        if protocol == "http":
            self.request(details["status"], details["time_taken"], details["size"])
        elif action == "disconnected":
            self._closed[code_class(details["code"])] += 1
        else:
            self._handshakes[action] += 1
            if action == "rejected":
                self._rejected[status_class(details["status"])] += 1
        if self._log_action is not no_log:
            self._log_action(protocol, action, details)

    def families(self) -> list[Family]:
        """Return the counters since the start."""
        requests = [((status,), histogram) for status, histogram in self._requests.items()]
        rejected = [((status,), count) for status, count in self._rejected.items()]
        closed = [((code,), count) for code, count in self._closed.items()]
        prefix = "towpath_interface"
        return [
            Family(
                f"{prefix}_request_seconds",
                "histogram",
                "Requests by the class of their status, from the head to the end of the response",
                ("status",),
                requests,
            ),
            single(f"{prefix}_response_bytes", "counter", "Content of responses in bytes", self._response_bytes),
            single(f"{prefix}_handshakes", "counter", "WebSocket handshakes", self._handshakes["connecting"]),
            single(f"{prefix}_websockets_opened", "counter", "WebSockets opened", self._handshakes["connected"]),
            Family(f"{prefix}_handshakes_rejected", "counter", "Refused WebSocket handshakes", ("status",), rejected),
            Family(f"{prefix}_websockets_closed", "counter", "WebSockets closed, by their code", ("code",), closed),
        ]


def status_class(status: int) -> str:
    """Return the class of a status, such as `2xx`."""
    return _CLASSES.get(status // 100, "other")


def code_class(code: int) -> str:
    """Return a standard close code as it is, others by their thousand: clients may choose any of 3000 to 4999."""
    if code in STANDARD_CODES:
        return str(code)
    return f"{code // 1000}xxx" if code in PRIVATE_CODES else "other"
