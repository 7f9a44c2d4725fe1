"""The server's own small HTML pages: without product, version or any part of the request."""

from collections.abc import Sequence
from html import escape
from http import HTTPStatus

from twisted.web.http import RESPONSES

from .response import Ending, ResponseHead

#: Seconds after which a client may try again when the application does not answer (Retry-After).
RETRY_AFTER_SECONDS = 5

_STATUSES = frozenset(HTTPStatus)


def reason_of(status: int) -> str:
    """Return the reason phrase of a status. Twisted lacks a few, such as that of 431."""
    phrase: bytes | None = RESPONSES.get(status)
    if phrase is not None:
        return phrase.decode("ascii")
    return HTTPStatus(status).phrase if status in _STATUSES else "Unknown"


def page(
    status: int, reason: str | None, detail: str, headers: Sequence[tuple[bytes, bytes]], date: bytes
) -> tuple[ResponseHead, bytes]:
    """Return the head and content of a page; its connection is to be closed after it. 503 tells when to try again."""
    title = escape(reason or reason_of(status))
    body = f"<!doctype html>\n<title>{status} {title}</title>\n<h1>{title}</h1>\n"
    if detail:
        body += f"<p>{escape(detail)}</p>\n"
    content = body.encode()
    own = [
        (b"Content-Type", b"text/html; charset=utf-8"),
        (b"Content-Length", b"%d" % len(content)),
        (b"Date", date),
        *([(b"Retry-After", b"%d" % RETRY_AFTER_SECONDS)] if status == 503 else []),
        *headers,
    ]
    return ResponseHead(status, own, Ending.LENGTH, len(content), is_last=True), content
