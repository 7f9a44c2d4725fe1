"""Many routes: includes, the order of matching, what ROUTING may be, and what the project does not route."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from towpath.channels import DenyConnection
from towpath.routing import (
    Match,
    Router,
    RoutingError,
    connect_consumer,
    deny_consumer,
    include,
    null_consumer,
    route,
)
from towpath.routing.unrouted import UnroutedConsumer


def first(message, **kwargs):
    """Stand for a consumer."""


def second(message, **kwargs):
    """Stand for another consumer."""


class EvenNumbers:
    """A routing object of a project."""

    def channel_names(self):
        return {"numbers"}

    def match(self, message):
        return (first, {"half": message["n"] // 2}) if message["n"] % 2 == 0 else None


def test_the_first_match_wins(message):
    router = Router([route("a", first, path="^/1"), route("a", second), route("a", first)])
    assert router.match(message("a", path="/1")).consumer is first
    assert router.match(message("a", path="/2")).consumer is second


def test_nothing_matches_an_unknown_channel(message):
    assert Router([route("a", first)]).match(message("b")) is None


def test_routes_inside_an_include_do_not_see_the_prefix(message):
    chat = [route("websocket.connect", first, path=r"^/(?P<room>\w+)/$"), route("websocket.receive", second)]
    router = Router([include(chat, path=r"^/chat/(?P<site>\w+)")])
    found = router.match(message("websocket.connect", path="/chat/a/lobby/"))
    assert (found.consumer, found.kwargs) == (first, {"site": "a", "room": "lobby"})
    assert router.match(message("websocket.receive", path="/chat/a")).consumer is second
    assert router.match(message("websocket.connect", path="/lobby/")) is None
    assert router.match(message("websocket.connect")) is None


def test_the_consumer_gets_the_message_itself(message):
    sent = message("a", path="/chat/x", body=b"x" * 1000)
    body = sent["body"]
    Router([include([route("a", first, path="^/x$")], path="^/chat")]).match(sent)
    assert sent["path"] == "/chat/x"
    assert sent["body"] is body


def test_the_inner_group_wins_over_the_prefix(message):
    router = Router([include([route("a", first, path="(?P<id>.)")], path="(?P<id>.)")])
    assert router.match(message("a", path="12")).kwargs == {"id": "2"}


def test_includes_nest_and_share_routes(message):
    shared = [route("a", first, path="^/end$")]
    router = Router([include([include(shared, path="^/inner")], path="^/outer"), include(shared, path="^/other")])
    assert router.match(message("a", path="/outer/inner/end")) is not None
    assert router.match(message("a", path="/other/end")) is not None
    assert router.match(message("a", path="/inner/end")) is None


def test_an_include_keeps_what_is_not_ordered(message):
    router = Router([include([route("a", first, ordered=False)], path="^/x"), include([route("b", first)])])
    assert router.match(message("a", path="/x")).ordered is False
    assert router.match(message("b")).ordered is True


def test_bytes_prefixes_are_cut_as_text(message):
    router = Router([include([route("a", first, path="^/end$")], path=b"^/outer")])
    assert router.match(message("a", path=b"/outer/end")) is not None


def test_an_include_may_be_a_dotted_path(message, module):
    module("chat_routing", routes=[route("a", first)])
    router = Router([include("chat_routing.routes")])
    assert router.channels == {"a"}
    assert router.match(message("a")).consumer is first


def test_an_include_used_alone_finds_its_routes(message):
    assert include([route("a", first)]).channel_names() == {"a"}
    assert repr(include([])) == "<include([...])>"


def test_an_include_of_itself_is_an_error(module):
    module("loop_routing", routes=[include("loop_routing.routes")])
    with pytest.raises(RoutingError, match=r"include\('loop_routing.routes'\) includes itself"):
        Router("loop_routing.routes")


def test_a_prefix_with_groups_without_a_name_is_an_error():
    with pytest.raises(RoutingError, match="groups without a name"):
        include([], path="^/(chat)")


def test_routing_may_be_a_list_a_dict_a_route_or_a_dotted_path(message, module):
    module("chat_app", routes={"a": first, "b": "chat_app.receive"}, receive=second)
    for routing in ("chat_app.routes", {"a": first, "b": second}, [route("a", first), [(route("b", second))]]):
        router = Router(routing)
        assert router.channels == {"a", "b"}
        assert router.match(message("b")).consumer is second
    assert Router(route("a", first)).channels == {"a"}
    assert Router(()).channels == set()


@pytest.mark.parametrize("routing", ["nowhere.routes", None, 5, [first], [None], b"bytes", ["nested.path"]])
def test_an_invalid_routing_is_an_error(routing):
    with pytest.raises(RoutingError, match="ROUTING") as caught:
        Router(routing)
    assert isinstance(caught.value, ImproperlyConfigured)


def test_a_project_has_its_own_routing_objects(message):
    router = Router([EvenNumbers(), include([EvenNumbers()])])
    assert router.channels == {"numbers"}
    assert router.match(message("numbers", n=8)) == Match(first, {"half": 4})
    assert router.match(message("numbers", n=9)) is None


def test_a_route_is_added_behind_the_others(message):
    router = Router([route("a", first)])
    router.add_route(route(["a", "b"], second))
    assert router.channels == {"a", "b"}
    assert router.match(message("a")).consumer is first
    assert router.match(message("b")).consumer is second
    with pytest.raises(RoutingError, match="add_route"):
        router.add_route(None)


def test_defaults_come_behind_the_projects_routes(message):
    router = Router([route("websocket.connect", first, path="^/chat")])
    router.check_default(http_consumer=second)
    assert router.match(message("websocket.connect", path="/chat")).consumer is first
    for channel in ("websocket.connect", "websocket.receive"):
        assert isinstance(router.match(message(channel, path="/else")).consumer, UnroutedConsumer)
    assert router.match(message("http.request")).consumer is second
    for channel in ("http.disconnect", "websocket.disconnect"):
        assert router.match(message(channel)).consumer is null_consumer


def test_without_a_view_consumer_requests_stay_unrouted():
    router = Router([])
    router.check_default()
    assert router.channels == {"http.disconnect", "websocket.connect", "websocket.receive", "websocket.disconnect"}


def test_what_the_default_consumers_do(message):
    null_consumer(message("websocket.receive"), room="x")
    with pytest.raises(DenyConnection, match="refuses every WebSocket"):
        deny_consumer(message("websocket.connect", path="/x"))
    accepted = message("websocket.connect", reply_channel="interface.x!1")
    connect_consumer(message("websocket.connect"))
    connect_consumer(accepted)
    accepted.channel_layer.send.assert_called_once_with("interface.x!1", {"accept": True})
