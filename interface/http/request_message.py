"""The `http.request` message of a request.

| key | type | meaning |
|---|---|---|
| `reply_channel`, `http_version`, `method`, `scheme`, `path`, `root_path` | str | |
| `query_string` | bytes | |
| `headers` | list of [lower-case name, value], bytes | |
| `client`, `server` | [host, port], or None | |
| `request_id` | str, or absent | the id, with `request_id_header` |
| `body` | bytes | the whole body or, where there is a `body_channel`, its beginning |
| `body_channel` | str, or absent | the rest is sent there, as far as its reader asks for it (see `body`) |
| `body_length` | int, or absent | the whole length of a complete body that continues there |
| `body_is_complete` | False, or absent | False: an offer of a body that is still being received |
"""

from towpath.layers.contract import Content

from ..interfaces import RequestHead
from .body import RequestBody


def request_message(head: RequestHead, body: RequestBody | None, reply_channel: str) -> Content:
    """Return the message of a request; one whose body is not complete is an offer."""
    content: Content = {
        "reply_channel": reply_channel,
        "http_version": head.http_version,
        "method": head.method,
        "scheme": head.scheme,
        "path": head.path,
        "root_path": head.root_path,
        "query_string": head.query_string,
        "headers": head.headers,
        "body": b"",
        "client": head.client,
        "server": head.server,
    }
    if head.request_id is not None:
        content["request_id"] = head.request_id_text
    if body is not None:
        _add_body(content, body)
    return content


def _add_body(content: Content, body: RequestBody) -> None:
    if not body.is_complete:
        content["body_channel"] = body.open_channel()
        content["body_is_complete"] = False
        return
    content["body"] = body.first_bytes()
    if not body.is_sent:
        content["body_channel"] = body.open_channel()
        content["body_length"] = body.received_bytes
