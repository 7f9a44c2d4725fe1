"""Where a site is mounted is the operator's word: a client that sends the header of 1.x's server changes nothing."""

from typing import Any

import pytest

HEAD = b"GET /page HTTP/1.1\r\nHost: own.example\r\n%s: /elsewhere\r\n\r\n"


@pytest.mark.parametrize("name", [b"Daphne-Root-Path", b"daphne-root-path", b"X-Script-Name", b"Script-Name"])
@pytest.mark.parametrize("root_path", ["", "/mounted"])
def test_no_header_moves_the_site(make_site: Any, name: bytes, root_path: str) -> None:
    site = make_site(root_path=root_path, trusted_proxies=("192.0.2.0/24",))
    [request] = site.send([HEAD % name]).requests
    assert (request["root_path"], request["path"]) == (root_path, "/page")
    assert [name.lower(), b"/elsewhere"] in [list(header) for header in request["headers"]]
