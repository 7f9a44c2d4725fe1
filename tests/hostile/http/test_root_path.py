"""Where a site is mounted is the operator's word, and each of its resources has one URL."""

from typing import Any

import pytest

from tests.hostile.http.test_http2_floods import Client

HEAD = b"GET %b HTTP/1.1\r\nHost: own.example\r\n%b: /elsewhere\r\n\r\n"
HANDSHAKE = (
    b"GET %b HTTP/1.1\r\nHost: own.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
#: Target -> the path below the mount /app; None: the site has no such URL.
BELOW = {
    b"/app/private/": "/private/",
    b"/app/private/?next=/app/": "/private/",
    b"http://own.example/app/private/": "/private/",
    b"/app": "/",
    b"/app/": "/",
    b"/app?a": "/",
    b"/%61pp/private/": "/private/",
    b"/app//private/": "//private/",
    b"/app/app/private/": "/app/private/",
    b"/private/": None,
    b"/": None,
    b"/apple/": None,
    b"/APP/private/": None,
    b"//app/private/": None,
    b"/./app/private/": None,
    b"/other/../app/private/": None,
    b"/app%2Fprivate/": "/private/",
}


@pytest.mark.parametrize("name", [b"Daphne-Root-Path", b"daphne-root-path", b"X-Script-Name", b"Script-Name"])
@pytest.mark.parametrize("root_path", ["", "/mounted"])
def test_no_header_moves_the_site(make_site: Any, name: bytes, root_path: str) -> None:
    site = make_site(root_path=root_path, trusted_proxies=("192.0.2.0/24",))
    [request] = site.send([HEAD % (root_path.encode() + b"/page", name)]).requests
    assert (request["root_path"], request["path"]) == (root_path, "/page")
    assert [name.lower(), b"/elsewhere"] in [list(header) for header in request["headers"]]


@pytest.mark.parametrize(("target", "path"), BELOW.items())
def test_only_paths_below_the_mount_reach_pages_and_sockets(make_site: Any, target: bytes, path: str | None) -> None:
    site = make_site(root_path="/app")
    page = site.send([HEAD % (target, b"X")])
    handshake = site.send([HANDSHAKE % target])
    if path is None:
        assert (page.requests, page.statuses, handshake.statuses) == ([], [404], [404])
        assert site.handshakes == []
    else:
        assert [(request["root_path"], request["path"]) for request in page.requests] == [("/app", path)]
        assert [(shaken.head.root_path, shaken.head.path) for shaken in site.handshakes] == [("/app", path)]


@pytest.mark.parametrize(("target", "path"), [("/app/private/", "/private/"), ("/private/", None)])
def test_only_paths_below_the_mount_reach_pages_on_http2(make_site: Any, target: str, path: str | None) -> None:
    client = Client(make_site(root_path="/app"))
    client.h2.send_headers(1, [(":method", "GET"), (":path", target), (":scheme", "https"), (":authority", "a")], True)
    client.send()
    assert [request["path"] for request in client.site.seen] == ([] if path is None else [path])


@pytest.mark.parametrize("target", [b"/private/", b"/app/private/", b"/"])
def test_behind_a_proxy_that_strips_the_mount_a_path_is_what_arrives(make_site: Any, target: bytes) -> None:
    site = make_site(root_path="/app", proxy_strips_root_path=True)
    [request] = site.send([HEAD % (target, b"X")]).requests
    site.send([HANDSHAKE % target])
    assert (request["root_path"], request["path"]) == ("/app", target.decode())
    assert site.handshakes[0].head.path == target.decode()


def test_options_of_the_whole_server_are_below_no_mount(make_site: Any) -> None:
    [request] = make_site(root_path="/app").send([b"OPTIONS * HTTP/1.1\r\nHost: own.example\r\n\r\n"]).requests
    assert request["path"] == "*"
