"""The steps of `deploy/demo --check`: a page, its style sheet, a post from a third process to a WebSocket."""

import contextlib
import http.client
import json
import re
import time
from collections.abc import Callable

from deploy.demo_steps.ports import HOST
from deploy.demo_steps.site import Site
from deploy.demo_steps.websocket import WebSocket, WebSocketError

Say = Callable[[str], None]

BLOG = "lock-to-lock"
PATIENCE_SECONDS = 20


class CheckFailed(Exception):
    """A step failed; the message has its description."""


def check(site: Site, say: Say) -> None:
    """Run each step once.

    Raises:
        CheckFailed: a step failed.
    """
    page = fetch(site, f"/liveblog/{BLOG}/")
    say(f"The page came over HTTP: {len(page)} bytes")
    style = re.search(r'<link [^>]*href="([^"]+\.css)"', page)
    if style is None:
        raise CheckFailed("the page names no style sheet")
    say(f"Its style sheet came: {len(fetch(site, style[1]))} bytes")
    see_post_arrive(site, say)


def fetch(site: Site, path: str) -> str:
    """Return the body of a page."""
    connection = http.client.HTTPConnection(HOST, site.port, timeout=PATIENCE_SECONDS)
    with contextlib.closing(connection):
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read().decode(errors="replace")
    if response.status != http.HTTPStatus.OK:
        raise CheckFailed(f"GET {path} was answered with {response.status}:\n{body[:500]}")
    return body


def see_post_arrive(site: Site, say: Say) -> None:
    """Open a WebSocket, publish from another process, and wait for the post."""
    text = f"Checked at {time.time():.6f}."
    try:
        with WebSocket(HOST, site.port, f"/liveblog/{BLOG}/stream/", PATIENCE_SECONDS) as websocket:
            first = json.loads(websocket.receive_text())
            say(f"A WebSocket is open; it begins with a {first['kind']}")
            say(f"manage.py post, in a process of its own: {site.manage('post', BLOG, text).strip()}")
            while text not in websocket.receive_text():
                say("Another message came first")
    except (OSError, WebSocketError) as error:
        raise CheckFailed(f"the post did not arrive: {error}") from error
    say("The post arrived through the WebSocket")
