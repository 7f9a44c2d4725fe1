"""The lines of `runserver`: one for each request and each step in the life of a WebSocket, in the words of 1.x.

The actions and their details are listed in `towpath.interface.accesslog`.
"""

import logging

from towpath.interface.accesslog import Details, escaped

#: Action of a WebSocket -> its word in the line, and the HTTP status that determines the colour.
WEBSOCKET_WORDS = {
    "connecting": ("HANDSHAKING", 100),
    "connected": ("CONNECT", 101),
    "rejected": ("REJECT", 403),
    "disconnected": ("DISCONNECT", 200),
}


class ActionLines:
    """An action logger for the interface server: writes each action as a line to `logger`."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def __call__(self, protocol: str, action: str, details: Details) -> None:
        """Write the line of an action; actions without a line are ignored."""
        if (protocol, action) == ("http", "complete"):
            self._write_http(details)
        elif protocol == "websocket" and action in WEBSOCKET_WORDS:
            self._write_websocket(action, details)

    def _write_http(self, details: Details) -> None:
        self._logger.info(
            "HTTP %s %s %s [%.2f, %s]",
            escaped(details["method"]),
            escaped(details["path"]),
            details["status"],
            details["time_taken"],
            details["client"] or "unix",
            extra={"status_code": details["status"]},
        )

    def _write_websocket(self, action: str, details: Details) -> None:
        word, status = WEBSOCKET_WORDS[action]
        path, client = escaped(details["path"]), details["client"] or "unix"
        self._logger.info("WebSocket %s %s [%s]", word, path, client, extra={"status_code": status})
