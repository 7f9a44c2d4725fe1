"""Ids of requests: taken from a header of a trusted proxy, or made here; the application and the response get the same.

A client that is not a trusted proxy cannot choose an id: its header is replaced. Nothing of this runs without
`request_id_header`.
"""

import re
import uuid

from ..interfaces import RequestHead
from .response import Headers

#: An id that is taken from a proxy; any other one is replaced.
_VALID = re.compile(rb"[A-Za-z0-9_.:/+=@;-]{1,128}")


def identified(head: RequestHead, header: str, *, is_trusted: bool) -> RequestHead:
    """Return a head with an id, as its only header of this name; the id of a trusted proxy stays, if it is valid."""
    name = header.lower().encode("ascii")
    given = head.all(name)
    is_taken = is_trusted and len(given) == 1 and _VALID.fullmatch(given[0]) is not None
    value = given[0] if is_taken else uuid.uuid4().hex.encode("ascii")
    others = tuple([pair for pair in head.headers if pair[0] != name])
    return head._replace(headers=(*others, (name, value)), request_id=(header.encode("ascii"), value))


def add_request_id(headers: Headers, request: RequestHead) -> None:
    """Add the id of a request to the headers of its response, in place of one that the application has set."""
    if request.request_id is None:
        return
    name = request.request_id[0].lower()
    headers[:] = [pair for pair in headers if pair[0].lower() != name]
    headers.append(request.request_id)
