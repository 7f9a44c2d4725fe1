"""The effect of a reply depends on the state of the socket; anything else is an error that names the key."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from towpath.interface.websocket.replies import BadReply, Reply, State, Step, parse_reply, plain_frame, steps
from towpath.layers.errors import InvalidReply
from towpath.layers.replies import check_websocket_reply

ACCEPT, REJECT, SEND, CLOSE = Step.ACCEPT, Step.REJECT, Step.SEND, Step.CLOSE


@pytest.mark.parametrize(
    ("content", "in_handshake", "when_open"),
    [
        ({"accept": True}, (ACCEPT,), ()),
        ({"accept": True, "text": "a"}, (ACCEPT, SEND), (SEND,)),
        ({"accept": True, "bytes": b"a", "close": True}, (ACCEPT, SEND, CLOSE), (SEND, CLOSE)),
        ({"accept": True, "close": 3000}, (ACCEPT, CLOSE), (CLOSE,)),
        ({"accept": False}, (REJECT,), ()),
        ({"accept": False, "text": "a"}, (REJECT,), (SEND,)),
        ({"accept": False, "close": True}, (REJECT,), (CLOSE,)),
        ({"text": "a"}, (ACCEPT, SEND), (SEND,)),
        ({"text": ""}, (ACCEPT, SEND), (SEND,)),
        ({"bytes": b""}, (ACCEPT, SEND), (SEND,)),
        ({"bytes": b"a", "close": 4001}, (ACCEPT, SEND, CLOSE), (SEND, CLOSE)),
        ({"close": True}, (REJECT,), (CLOSE,)),
        ({"close": 77}, (REJECT,), (CLOSE,)),
        ({"close": False}, (), ()),
    ],
)
def test_steps_by_state(content, in_handshake, when_open):
    reply = parse_reply(content)
    assert steps(State.HANDSHAKE, reply) == in_handshake
    assert steps(State.OPEN, reply) == when_open
    assert steps(State.CLOSING, reply) == steps(State.LEAVING, reply) == steps(State.CLOSED, reply) == ()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({}, "nothing in it"),
        ({"text": None}, "nothing in it"),
        ({"subprotocol": "a"}, "nothing in it"),
        ({"text": "a", "bytes": b"b"}, "text and bytes"),
        ({"text": "", "bytes": b""}, "text and bytes"),
        ({"text": b"a"}, "'text' is a bytes, not a str"),
        ({"bytes": "a"}, "'bytes' is a str, not a bytes"),
        ({"accept": "yes"}, "'accept' is a str"),
        ({"close": "1000"}, "'close' is a str"),
        ({"accept": True, "subprotocol": b"a"}, "'subprotocol' is a bytes"),
        (
            {"text": "a", "typo": 200},
            "unknown key 'typo': expected accept, subprotocol, headers, text, bytes, close, r",
        ),
        ({"text": "a", "x" * 900: 1}, "unknown key 'x{60}': "),
        ({"accept": True, "status": 401}, "status or content without accept False"),
        ({"close": True, "content": b""}, "status or content without accept False"),
        ({"text": "a", "headers": []}, "headers without accept"),
        ({"accept": True, "headers": {"a": "b"}}, "'headers' is a dict, not a list"),
        ({"accept": False, "status": 200}, "status is 200: a handshake is refused with an int from 300 to 599"),
        ({"accept": False, "status": "401"}, "'status' is a str, not a int"),
        ({"close": 4401, "reason": "é" * 62}, "more than 123 bytes"),
        ({"close": 4401, "reason": b"gone"}, "'reason' is a bytes, not a str"),
        ({"text": "\ud800"}, "not valid Unicode"),
    ],
)
def test_what_is_not_a_reply_names_what_is_wrong(content, says):
    with pytest.raises(BadReply, match=says):
        parse_reply(content)


@pytest.mark.parametrize("content", [{"close": 4401, "typo": 1}, {"close": True, "text": b"a"}, {"close": "4401"}])
def test_a_close_that_cannot_be_read_is_one_with_1011_in_its_place(content):
    with pytest.raises(BadReply) as caught:
        parse_reply(content)
    assert caught.value.instead == Reply(close=1011)


@pytest.mark.parametrize(
    "content", [{"text": b"a"}, {"close": False, "typo": 1}, {"text": "a", "close": None, "typo": 1}]
)
def test_another_reply_that_cannot_be_read_has_nothing_in_its_place(content):
    with pytest.raises(BadReply) as caught:
        parse_reply(content)
    assert caught.value.instead is None


def test_a_refusal_has_status_headers_and_content():
    content = {"accept": False, "status": 401, "headers": [["a", "b"]], "content": b"who?"}
    assert parse_reply(content) == Reply(accept=False, status=401, headers=[["a", "b"]], content=b"who?")
    assert parse_reply({"accept": False}) == Reply(accept=False, status=403, content=None)


def test_a_close_of_true_is_1000_and_none_is_absent():
    assert parse_reply({"close": True}).close == 1000
    assert parse_reply({"text": "a", "bytes": None, "close": None}) == Reply(frame=b"\x81\x01a")


@pytest.mark.parametrize(
    ("content", "frame"),
    [
        ({"text": "a"}, b"\x81\x01a"),
        ({"bytes": b""}, b"\x82\x00"),
        ({"text": "ä" * 63}, b"\x81\x7e\x00\x7e" + "ä".encode() * 63),
        ({"bytes": b"x" * 65536}, b"\x82\x7f\0\0\0\0\0\x01\0\0" + b"x" * 65536),
        ({"text": b"a"}, None),
        ({"text": None}, None),
        ({"close": True}, None),
        ({"text": "a", "close": True}, None),
    ],
)
def test_a_message_that_is_one_frame_and_nothing_else(content, frame):
    assert plain_frame(content) == frame


KEYS = ("accept", "subprotocol", "headers", "text", "bytes", "close", "reason", "status", "content", "other")
VALUES = st.none() | st.booleans() | st.sampled_from([1000, 1008, 4401, 403, 500, 5]) | st.sampled_from(["", "a"])
VALUES |= st.sampled_from([b"", b"a", [["a", "b"]], [[b"a", b"b"]], []])


@settings(max_examples=500)
@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4))
def test_a_reply_that_passes_the_check_at_the_call_is_read(content: dict[str, Any]) -> None:
    try:
        check_websocket_reply(content)
    except InvalidReply:
        return
    reply = parse_reply(content)
    for state in State:
        steps(state, reply)
    assert reply.frame is not None or reply.accept is not None or reply.close is not None
