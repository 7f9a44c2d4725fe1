"""The context of a trace is taken from trusted proxies only."""

from typing import Any

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_only_a_trusted_proxy_gives_the_context_of_a_trace(make_server: Any) -> None:
    request = b"GET / HTTP/1.1\r\nHost: h\r\nTraceparent: " + PARENT.encode() + b"\r\nBaggage: a=1\r\nX-A: b\r\n\r\n"
    names = []
    for options in ({"trusted_proxies": ("192.0.2.7",)}, {}, {"tracing": False}):
        server = make_server(**{"tracing": True, **options})
        server.connect().send(request)
        names.append([name for name, _ in server.conversation.request["headers"]])
    every = [b"host", b"traceparent", b"baggage", b"x-a"]
    assert names == [every, [b"host", b"x-a"], every]
