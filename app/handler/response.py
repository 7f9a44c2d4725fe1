"""Django's response objects as reply messages.

| key | meaning |
| --- | --- |
| `status`, `headers` | in the first message: int, and a list of [name, value] in bytes, a `Set-Cookie` per cookie |
| `content` | the next part of the body |
| `more_content` | whether messages follow; absent is False |
"""

import traceback
from collections.abc import Iterator
from http import HTTPStatus

from django.conf import settings
from django.http import HttpResponse, HttpResponseServerError, StreamingHttpResponse
from django.http.response import HttpResponseBase

from towpath.layers.contract import Content

#: The longest part of a body in one message, and the block size of file responses.
CHUNK_BYTES = 512 * 1024
#: The length up to which a complete body is sent in one message, with the settlement. A longer one is streamed.
WHOLE_BODY_MAX_BYTES = 4 * 1024 * 1024
NO_CONTENT = frozenset((HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT, HTTPStatus.NOT_MODIFIED))


class HttpResponseLater(HttpResponse):
    """Returned by a view whose response is sent by other code, on `request.reply_channel`.

    It passes through the middleware like any response, and nothing is sent for it.
    """

    #: Outside the assigned codes, so that middleware does not treat it as a success, a redirect or an error.
    status_code = 113


def replies(response: HttpResponseBase, method: str, chunk_bytes: int = CHUNK_BYTES) -> Iterator[Content]:
    """Yield the messages of a response to a request with this method.

    The head of a streamed response waits for the first part of the body, as under WSGI: a failure before that can still
    be answered with an error page.
    """
    if not has_content(response, method):
        yield _head_alone(response, status_allows_body(response.status_code))
    elif isinstance(response, StreamingHttpResponse):
        yield from _streamed(response, chunk_bytes)
    else:
        yield from _whole(response_head(response), _content(response), chunk_bytes)


def status_allows_body(status: int) -> bool:
    """Return whether responses with this status have content (RFC 9110, sections 6.4.1 and 15)."""
    return status >= 200 and status not in NO_CONTENT


def has_content(response: HttpResponseBase, method: str) -> bool:
    """Return whether a response to a request with this method has content."""
    return method != "HEAD" and status_allows_body(response.status_code)


def last_resort_response() -> HttpResponse:
    """Return a page for an error that left the middleware; inside `except`, with its traceback if DEBUG is on."""
    text = traceback.format_exc() if settings.DEBUG else "Internal Server Error"
    return HttpResponseServerError(text, content_type="text/plain")


def _content(response: HttpResponseBase) -> bytes:
    content: bytes = response.content  # type: ignore[attr-defined]  # every response that is not streamed has it
    return content


def response_head(response: HttpResponseBase) -> Content:
    """Return status and headers."""
    headers = [[name.encode("ascii"), value.encode("latin-1")] for name, value in response.items()]
    for cookie in response.cookies.values():
        headers.append([b"Set-Cookie", cookie.output(header="").strip().encode("latin-1")])
    return {"status": response.status_code, "headers": headers}


def _head_alone(response: HttpResponseBase, body_allowed: bool) -> Content:
    if body_allowed and not response.streaming:  # HEAD: the length that GET would have
        response.headers.setdefault("Content-Length", str(len(_content(response))))
    elif not body_allowed:
        response.headers.pop("Content-Length", None)  # RFC 9110, section 8.6: "0" would be a wrong answer
    return {**response_head(response), "content": b""}


def _whole(head: Content, body: bytes, chunk_bytes: int) -> Iterator[Content]:
    if len(body) <= WHOLE_BODY_MAX_BYTES:
        yield {**head, "content": body}
        return
    for start in range(0, len(body), chunk_bytes):
        yield {**head, "content": body[start : start + chunk_bytes], "more_content": start + chunk_bytes < len(body)}
        head = {}


def _streamed(response: StreamingHttpResponse, chunk_bytes: int) -> Iterator[Content]:
    head = response_head(response)
    for part in response:
        for chunk in chunks_of(part, chunk_bytes):
            yield {**head, "content": chunk, "more_content": True}
            head = {}
    yield {**head, "content": b""}


def chunks_of(part: bytes, chunk_bytes: int) -> Iterator[bytes]:
    """Yield a part of a body in pieces of at most `chunk_bytes`; nothing for an empty one."""
    for start in range(0, len(part), chunk_bytes):
        yield part if len(part) <= chunk_bytes else part[start : start + chunk_bytes]
