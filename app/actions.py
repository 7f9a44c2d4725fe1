"""The lines of `runserver`: one for each request and each event of a WebSocket's life, in the words of 1.x."""

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

#: Action of the interface server -> word in the line, and the HTTP status whose colour the line gets.
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

    def __call__(self, protocol: str, action: str, details: Mapping[str, Any]) -> None:
        """Write a line for what happened; actions that have none are passed over."""
        if (protocol, action) == ("http", "complete"):
            self._write_http(details)
        elif protocol == "websocket" and action in WEBSOCKET_WORDS:
            self._write_websocket(action, details)

    def _write_http(self, details: Mapping[str, Any]) -> None:
        self._logger.info(
            "HTTP %s %s %s [%.2f, %s]",
            details["method"],
            _printable(details["path"]),
            details["status"],
            details["time_taken"],
            _client(details.get("client")),
            extra={"status_code": details["status"]},
        )

    def _write_websocket(self, action: str, details: Mapping[str, Any]) -> None:
        word, status = WEBSOCKET_WORDS[action]
        path, client = _printable(details["path"]), _client(details.get("client"))
        self._logger.info("WebSocket %s %s [%s]", word, path, client, extra={"status_code": status})


def _printable(path: str) -> str:
    """Return `path` as it is spelled in a URL: what a client sends must not reach the terminal as control codes."""
    return quote(path, safe="/:@!$&'()*+,;=-._~%")


def _client(address: Any) -> str:
    """Return `host:port`; a client on a UNIX socket has neither."""
    if not address:
        return "unix"
    host, port = address[0], address[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
