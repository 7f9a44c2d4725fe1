"""Heads of requests are read in one way only, or refused."""

import pytest

from towpath.interface.http.headers import BadRequest, check_headers, parse_head, split_target, tokens

HOST = b"Host: example.com"


def parse(*lines: bytes):
    return parse_head(lines, headers_max_count=10)


def refused(*lines: bytes) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        parse(*lines)
    return caught.value


def test_a_head_becomes_plain_data() -> None:
    head = parse(b"get /a/%C3%A9?q=%20&r HTTP/1.1", HOST, b"X-One:1", b"x-one: \t two ", b"Cookie: a=b; c=d")
    assert head.method == "GET"
    assert head.target == b"/a/%C3%A9?q=%20&r"
    assert head.path == "/a/é"
    assert head.query_string == b"q=%20&r"
    assert head.version == "1.1"
    assert head.host == b"example.com"
    assert head.headers == ((b"host", b"example.com"), (b"x-one", b"1"), (b"x-one", b"two"), (b"cookie", b"a=b; c=d"))
    assert head.length == 0
    assert not head.is_last
    assert not head.expects_continue


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"GET",
        b"GET /",
        b"GET  / HTTP/1.1",
        b"GET / HTTP/1.1 ",
        b" GET / HTTP/1.1",
        b"GET\t/ HTTP/1.1",
        b"GET / http/1.1",
        b"GET / HTTP/1",
        b"G(T / HTTP/1.1",
        b"GET /\x00 HTTP/1.1",
        b"GET /\x7f HTTP/1.1",
        b"GET /\xc3\xa9 HTTP/1.1",
        b"GET /%ff HTTP/1.1",
        b"GET /%C3 HTTP/1.1",
        b"GET /a#b HTTP/1.1",
        b"GET a HTTP/1.1",
        b"GET * HTTP/1.1",
        b"GET ftp://h/ HTTP/1.1",
        b"GET http:///a HTTP/1.1",
        b"GET http://user@h/ HTTP/1.1",
        b"CONNECT example.com:443 HTTP/1.1",
    ],
)
def test_a_bad_request_line_is_a_400(line: bytes) -> None:
    assert refused(line, HOST).status == 400


@pytest.mark.parametrize("version", [b"0.9", b"1.2", b"2.0", b"3.0"])
def test_another_version_is_a_505(version: bytes) -> None:
    assert refused(b"GET / HTTP/" + version, HOST).status == 505


@pytest.mark.parametrize("byte", [*range(9), *range(0x0A, 0x20), 0x7F, 0x85])
def test_control_bytes_in_values_are_a_400(byte: int) -> None:
    assert refused(b"GET / HTTP/1.1", HOST, b"X-A: b" + bytes([byte]) + b"Origin: c").status == 400


@pytest.mark.parametrize("byte", [0x09, 0x20, 0x21, 0x7E, 0x80, 0x84, 0x86, 0xFF])
def test_other_bytes_in_values_are_kept(byte: int) -> None:
    value = b"b" + bytes([byte]) + b"c"
    assert parse(b"GET / HTTP/1.1", HOST, b"X-A: " + value).headers[1] == (b"x-a", value)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b" folded", "folded"),
        (b"\tfolded", "folded"),
        (b"no colon", "name"),
        (b": no name", "name"),
        (b"X-A : space before the colon", "name"),
        (b"X A: space in the name", "name"),
        (b"X(A: no token", "name"),
        (b"X\x85A: no token", "name"),
        (b"", "name"),
    ],
)
def test_a_bad_header_line_is_a_400(line: bytes, complaint: str) -> None:
    error = refused(b"GET / HTTP/1.1", HOST, line)
    assert error.status == 400
    assert complaint in error.detail


def test_names_with_an_underscore_are_dropped() -> None:
    head = parse(b"GET / HTTP/1.1", HOST, b"X_Forwarded_For: 1.2.3.4", b"Content_Length: 9")
    assert head.headers == ((b"host", b"example.com"),)
    assert head.length == 0


def test_too_many_headers_are_a_431() -> None:
    assert refused(b"GET / HTTP/1.1", HOST, *[b"A: b"] * 10).status == 431


@pytest.mark.parametrize(
    "hosts",
    [
        (),
        (HOST, HOST),
        (HOST, b"Host: other"),
        (b"Host: a/b",),
        (b"Host: a b",),
        (b"Host: user@a",),
        (b"Host: a,b:1:2",),
        (b"Host: [::1",),
        (b"Host: a:http",),
    ],
)
def test_one_valid_host_is_asked_for(hosts: tuple[bytes, ...]) -> None:
    assert refused(b"GET / HTTP/1.1", *hosts).status == 400


@pytest.mark.parametrize("host", [b"example.com", b"example.com:8000", b"[::1]:80", b"127.0.0.1", b"a_b", b""])
def test_hosts_are_taken(host: bytes) -> None:
    assert parse(b"GET / HTTP/1.1", b"Host: " + host).host == host


def test_http_1_0_needs_no_host_and_ends_with_its_response() -> None:
    head = parse(b"GET / HTTP/1.0")
    assert head.host == b""
    assert head.is_last


@pytest.mark.parametrize(
    ("target", "path", "query_string"),
    [
        (b"http://other.example:81/x%20y?z", "/x y", b"z"),
        (b"HTTPS://other.example:81", "/", b""),
        (b"http://other.example:81?z", "/", b"z"),
    ],
)
def test_an_absolute_target_decides_the_host(target: bytes, path: str, query_string: bytes) -> None:
    head = parse(b"GET " + target + b" HTTP/1.1", HOST, b"A: b")
    assert (head.path, head.query_string) == (path, query_string)
    assert head.host.startswith(b"other.example")
    assert head.headers == ((b"host", head.host), (b"a", b"b"))


def test_options_may_ask_for_everything() -> None:
    assert split_target(b"*", b"OPTIONS") == ("*", b"", None)


def test_a_path_may_decode_to_invalid_text() -> None:
    assert split_target(b"/a%00%0a%2fb%3f", b"GET")[0] == "/a\0\n/b?"


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ((b"Content-Length: 1", b"Content-Length: 1"), 400),
        ((b"Content-Length: 1", b"Content-Length: 2"), 400),
        ((b"Content-Length: 1, 1",), 400),
        ((b"Content-Length: +1",), 400),
        ((b"Content-Length: -1",), 400),
        ((b"Content-Length: 0x1",), 400),
        ((b"Content-Length: 1_0",), 400),
        ((b"Content-Length: ",), 400),
        ((b"Content-Length: \xb2",), 400),
        ((b"Content-Length: " + b"9" * 19,), 400),
        ((b"Content-Length: 1", b"Transfer-Encoding: chunked"), 400),
        ((b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), 501),
        ((b"Transfer-Encoding: gzip, chunked",), 501),
        ((b"Transfer-Encoding: identity",), 501),
        ((b"Transfer-Encoding: xchunked",), 501),
    ],
)
def test_an_unclear_end_of_the_body_is_refused(lines: tuple[bytes, ...], status: int) -> None:
    assert refused(b"POST / HTTP/1.1", HOST, *lines).status == status


def test_chunks_are_not_of_http_1_0() -> None:
    assert refused(b"POST / HTTP/1.0", b"Transfer-Encoding: chunked").status == 400


def test_the_length_of_the_body_is_known() -> None:
    assert parse(b"POST / HTTP/1.1", HOST, b"Content-Length: 0012").length == 12
    assert parse(b"POST / HTTP/1.1", HOST, b"transfer-encoding: Chunked").length is None


@pytest.mark.parametrize("value", [b"close", b"Close", b"keep-alive, close", b"a,close ,b"])
def test_a_client_may_ask_for_the_end(value: bytes) -> None:
    assert parse(b"GET / HTTP/1.1", HOST, b"Connection: " + value).is_last


def test_a_client_may_wait_for_a_100() -> None:
    assert parse(b"POST / HTTP/1.1", HOST, b"Expect: 100-Continue").expects_continue
    assert not parse(b"POST / HTTP/1.0", b"Expect: 100-continue").expects_continue


def test_split_headers_are_checked_the_same_way() -> None:
    assert check_headers([(b"A-B", b" c "), (b"a_b", b"d")]) == [(b"a-b", b"c")]
    for name, value in [(b"a b", b""), (b"a", b"\n"), (b"a", b"\x85"), (b"", b"")]:
        with pytest.raises(BadRequest):
            check_headers([(name, value)])


def test_tokens_are_lower_case() -> None:
    assert tokens([b"Upgrade, Keep-Alive", b"close"]) == {b"upgrade", b"keep-alive", b"close"}
