"""One route: channels, filters, consumer."""

import pytest

from towpath.routing import Router, RoutingError, name_of, route, route_class


def consumer(message, **kwargs):
    """Stand for a consumer."""


def other(message, **kwargs):
    """Stand for another consumer."""


class ClassConsumer:
    @classmethod
    def channel_names(cls):
        return {"websocket.connect", "websocket.receive"}

    def __init__(self, message, **kwargs):
        self.message = message


def test_a_route_matches_its_channels_only(message):
    found = route(["one", "two"], consumer)
    assert found.channel_names() == {"one", "two"}
    assert found.match(message("one")).consumer is consumer
    assert found.match(message("two")).kwargs == {}
    assert found.match(message("three")) is None


def test_a_match_unpacks_into_consumer_and_keyword_arguments(message):
    matched, kwargs = route("chat", consumer, room="(?P<room>.+)").match(message("chat", room="a"))
    assert (matched, kwargs) == (consumer, {"room": "a"})


def test_all_filters_have_to_match(message):
    found = route("http.request", consumer, path=r"^/chat/(?P<room>\w+)/$", method="^(?P<method>GET|HEAD)$")
    assert found.match(message("http.request", path="/chat/a/", method="GET")).kwargs == {"room": "a", "method": "GET"}
    assert found.match(message("http.request", path="/chat/a/", method="POST")) is None
    assert found.match(message("http.request", path="/chat/", method="GET")) is None


def test_an_absent_value_or_one_that_is_not_text_matches_nothing(message):
    found = route("chat", consumer, text=".*")
    assert found.match(message("chat")) is None
    assert found.match(message("chat", text=None)) is None
    assert found.match(message("chat", text=5)) is None
    assert found.match(message("chat", text="")).kwargs == {}


def test_a_group_that_took_no_part_is_none(message):
    found = route("chat", consumer, path=r"^/(?P<room>\w+)?$")
    assert found.match(message("chat", path="/")).kwargs == {"room": None}


def test_bytes_are_matched_as_text(message):
    found = route("http.request", consumer, query_string=rb"^id=(?P<id>\d+)$")
    assert found.match(message("http.request", query_string=b"id=5")).kwargs == {"id": "5"}
    assert found.match(message("http.request", query_string=b"id=\xff")) is None


def test_a_pattern_is_not_anchored_at_its_end(message):
    assert route("chat", consumer, path="/chat").match(message("chat", path="/chatter")) is not None
    assert route("chat", consumer, path="/chat").match(message("chat", path="/a/chat")) is None


def test_a_route_is_ordered_unless_it_says_otherwise(message):
    assert route("chat", consumer).match(message("chat")).ordered is True
    assert route("chat", consumer, ordered=False).match(message("chat")).ordered is False
    assert route_class(ClassConsumer, ordered=False).match(message("websocket.connect")).ordered is False


def test_a_route_streams_no_uploads_unless_it_says_so(message):
    assert route("chat", consumer).match(message("chat")).stream_uploads is False
    assert route("chat", consumer, stream_uploads=True).match(message("chat")).stream_uploads is True
    found = route_class(ClassConsumer, stream_uploads=True).match(message("websocket.connect"))
    assert found.stream_uploads is True


def test_stream_uploads_cannot_be_a_filter():
    with pytest.raises(RoutingError, match=r"stream_uploads is True or False, not '.*'; it cannot be a filter"):
        route("chat", consumer, stream_uploads=".*")


def test_ordered_cannot_be_a_filter():
    with pytest.raises(RoutingError, match=r"ordered is True or False, not '.*'; it cannot be a filter"):
        route("chat", consumer, ordered=".*")


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(", r"'path' is not a regular expression: '\('"),
        (b"\xff", "'path' is not a regular expression"),
        ("/(a)/(?P<b>c)", "'path' has groups without a name"),
        (5, "'path' is a regular expression as str or bytes, not 5"),
    ],
)
def test_a_wrong_filter_is_an_error_that_names_route_and_filter(pattern, text):
    with pytest.raises(RoutingError, match=text) as caught:
        route("chat", consumer, path=pattern)
    assert "route('chat'" in str(caught.value)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("channel", ["a b", "", None])
def test_a_wrong_channel_name_is_an_error(channel):
    with pytest.raises(RoutingError, match="is not valid"):
        route(["fine", channel], consumer)


def test_a_dotted_path_is_imported_when_the_router_is_built(message, module):
    found = route("chat", "chat_app.consumers.receive")
    module("chat_app.consumers", receive=consumer)
    assert Router([found]).match(message("chat")).consumer is consumer
    assert found.consumer is consumer


def test_a_consumer_that_cannot_be_imported_is_an_error_that_names_the_route(module):
    module("chat_app", number=5)
    with pytest.raises(RoutingError, match=r"route\('chat' -> 'nowhere.receive'\): cannot import"):
        Router([route("chat", "nowhere.receive")])
    with pytest.raises(RoutingError, match="cannot be called"):
        Router([route("chat", "chat_app.number")])
    with pytest.raises(RoutingError, match="cannot be called"):
        Router([route("chat", None)])


def test_a_class_says_which_channels_it_handles(message, module):
    module("chat_app", ClassConsumer=ClassConsumer)
    for found in (route_class(ClassConsumer, path="^/x"), route_class("chat_app.ClassConsumer", path="^/x")):
        assert found.channel_names() == {"websocket.connect", "websocket.receive"}
        assert found.match(message("websocket.receive", path="/x")).consumer is ClassConsumer
        assert found.match(message("websocket.receive", path="/y")) is None
        assert found.match(message("websocket.disconnect", path="/x")) is None


def test_a_class_without_channel_names_is_an_error(module):
    with pytest.raises(RoutingError, match="has no channel_names"):
        route_class(consumer)
    module("chat_app", consumer=consumer)
    with pytest.raises(RoutingError, match="has no channel_names"):
        Router([route_class("chat_app.consumer")])


def test_things_have_names_for_logs():
    assert name_of(consumer).endswith("test_route.consumer")
    assert name_of(ClassConsumer).endswith("test_route.ClassConsumer")
    assert name_of(ClassConsumer(None)).endswith("test_route.ClassConsumer")
    assert "'chat'" in repr(route("chat", other))


class AsyncConsumer:
    async def __call__(self, message):
        """Stand for a consumer that would not be awaited."""


def test_an_async_consumer_is_an_error_because_it_would_not_be_awaited():
    for consumer_ in (AsyncConsumer(), AsyncConsumer.__call__):
        with pytest.raises(RoutingError, match="consumers are plain functions"):
            Router([route("chat", consumer_)])
