"""The states of a connection of HTTP/1.

| state | waits for | bytes of the client |
|---|---|---|
| IDLE | the first byte of a request | begins a head |
| HEAD | the end of the head | is kept up to `head_max_bytes` |
| BODY | the end of the body | goes to the occupant, which may pause it |
| ANSWERING | the end of the response | the next request: kept up to `HELD_MAX_BYTES`, then the client is paused |
| LINGERING | the client's close | are dropped, so that it can read the response before a reset |
| GONE | nothing: closed, or taken over by a WebSocket | |
"""

from enum import Enum


class State(Enum):
    """The state of a connection (see the table above)."""

    IDLE = 1
    HEAD = 2
    BODY = 3
    ANSWERING = 4
    LINGERING = 5
    GONE = 6
