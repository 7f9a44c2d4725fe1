"""Handshakes and frames that no route matches."""

import logging

import pytest
from django.test import override_settings

from towpath.routing import Router, include, route
from towpath.routing.unrouted import NoRoute


def chat(message, **kwargs):
    """Stand for a consumer."""


ROUTES = [
    route("websocket.connect", chat, path=r"^/chat/(?P<room>\w+)/$"),
    include([route("websocket.connect", chat, path="/quiz/<int:number>/", scheme="^ws$")], path="^/board"),
    route("websocket.connect", chat, path=r"^feed/$"),
    route("websocket.receive", chat, path="^/chat/"),
]


@pytest.fixture
def refusal(message):
    """Return a function that returns the reason why a path is refused."""
    router = Router(ROUTES)
    router.check_default()

    def refuse(path, **content):
        match = router.match(message("websocket.connect", path=path, scheme="ws", **content))
        with pytest.raises(NoRoute) as raised:
            match.consumer(message("websocket.connect", path=path, scheme="ws", **content), **match.kwargs)
        return str(raised.value)

    return refuse


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/chat/lobby", "/chat/lobby/"),
        ("/Chat/lobby/", "/chat/lobby/"),
        ("/chat//lobby/", "/chat/lobby/"),
        ("/board/quiz/7", "/board/quiz/7/"),
        ("//chat//LOBBY", "/chat/LOBBY/"),
    ],
)
def test_a_refusal_suggests_the_path_that_a_route_matches(refusal, path, meant):
    with override_settings(DEBUG=True):
        assert f"Did you mean {meant!r}?" in refusal(path)


def test_a_refusal_suggests_the_path_without_the_mount(refusal):
    with override_settings(DEBUG=True):
        assert "Did you mean '/chat/lobby/'?" in refusal("/app/chat/lobby/", root_path="/app")


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/chta/lobby/", r"^/chat/(?P<room>\w+)/$"),
        ("/bord/quiz/x/", "^/board/quiz/<int:number>/"),
        ("/feed/", "^feed/$"),
    ],
)
def test_a_refusal_names_the_nearest_route(refusal, path, pattern):
    with override_settings(DEBUG=True):
        assert f"The nearest is {pattern!r}." in refusal(path)


def test_a_refusal_without_a_near_route_lists_the_routes_that_were_tried(refusal):
    with override_settings(DEBUG=True):
        assert refusal("/") == (
            "no route of websocket.connect matches it. Routes tried: "
            rf"path='^/chat/(?P<room>\\w+)/$' ({__name__}.chat), "
            f"path='^/board' + '/quiz/<int:number>/', scheme='^ws$' ({__name__}.chat), "
            f"path='^feed/$' ({__name__}.chat)."
        )


def test_without_debug_a_refusal_tells_nothing_of_the_routes(refusal):
    with override_settings(DEBUG=False):
        assert refusal("/chat/lobby") == "no route of websocket.connect matches it"


def test_a_refusal_says_that_there_is_no_route_of_the_channel(message):
    router = Router([route("websocket.receive", chat)])
    router.check_default()
    with override_settings(DEBUG=True), pytest.raises(NoRoute, match=r"There is no route of websocket\.connect\."):
        router.match(message("websocket.connect", path="/")).consumer(message("websocket.connect", path="/"))


def test_a_refusal_lists_at_most_twenty_routes(message):
    router = Router([route("websocket.connect", chat, path=f"^/{number}/$") for number in range(25)])
    router.check_default()
    handshake = message("websocket.connect", path="/" + "x" * 10_000)
    with override_settings(DEBUG=True), pytest.raises(NoRoute, match=r", and 5 more\.$") as raised:
        router.match(handshake).consumer(handshake)
    assert len(str(raised.value)) < 2000


def test_a_dropped_frame_is_logged_once_for_each_path_while_debug_is_on(message, caplog):
    router = Router(ROUTES)
    router.check_default()
    with override_settings(DEBUG=True):
        for path in ("/quiz/", "/quiz/", "/chatt/", "/" + "x" * 10_000):
            frame = message("websocket.receive", path=path)
            router.match(frame).consumer(frame)
    with override_settings(DEBUG=False):
        frame = message("websocket.receive", path="/other/")
        router.match(frame).consumer(frame)
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 3
    assert caplog.messages[1].startswith("Dropped a frame on '/chatt/': no route of websocket.receive matches it. ")
    assert len(caplog.messages[2]) < 1000
