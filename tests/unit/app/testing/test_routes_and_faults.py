"""Routes for one test, layers for one test, and faults on purpose."""

import unittest
from collections.abc import Iterator
from typing import Any

import pytest

from towpath.channels import Channel, Message
from towpath.channels.configured import InvalidChannelLayerError, channel_layers
from towpath.layers.errors import ChannelFull
from towpath.routing import Router, route
from towpath.routing.errors import RoutingError
from towpath.testing import ChannelTestCase, Client, Faults, TransactionChannelTestCase, apply_routes
from towpath.testing.isolation import fresh_layers, trial_layer


def reply(message: Message) -> None:
    message.reply_channel.send({"number": message["number"]})


ROUTE = route("numbers", reply)


def numbers(client: Client) -> list[Any]:
    """Consume all that is there; return the replies."""
    with apply_routes(ROUTE):
        while client.channel_layer.channel_statistics("numbers")["messages_pending"]:
            client.consume("numbers")
    found = []
    while (content := client.receive()) is not None:
        found.append(content["number"])
    return found


@pytest.mark.parametrize("routes", [ROUTE, [ROUTE], [[ROUTE], []], {"numbers": reply}])
def test_routes_may_be_one_several_or_lists_of_lists(channel_layer: Any, routes: Any) -> None:
    before = channel_layer.routing
    with apply_routes(routes):
        assert Client().get_consumer_by_channel("numbers") is reply
    assert channel_layer.routing is before


@apply_routes(ROUTE)
class Decorated:
    def test_it(self) -> Any:
        return Client().get_consumer_by_channel("numbers")

    def other(self) -> Any:
        return Client().get_consumer_by_channel("numbers")


def test_the_layer_of_a_test_has_its_router(channel_layer: Any) -> None:
    """Tests of 1.x match by it, add routes to it, and replace it."""
    client = Client()
    client.send("numbers", {"number": 1})
    message = client.get_next_message("numbers")
    assert channel_layer.router.match(message) is None
    channel_layer.router.add_route(ROUTE)
    client.send_and_consume("numbers", {"number": 2})
    assert client.receive() == {"number": 2}
    with apply_routes([]):
        assert channel_layer.router.match(message) is None
    channel_layer.router = Router([ROUTE])
    assert tuple(channel_layer.router.match(message)) == (reply, {})


def test_tests_of_a_class_have_the_routes(channel_layer: Any) -> None:
    assert Decorated().test_it() is reply
    assert Decorated().other() is None


def test_wrong_routes_are_refused_at_once(channel_layer: Any) -> None:
    with pytest.raises(RoutingError):
        apply_routes([1])
    with pytest.raises(TypeError, match='a list of layers, such as \\["default"\\]'):
        apply_routes(ROUTE, aliases="default")
    with pytest.raises(InvalidChannelLayerError, match="other"), apply_routes(ROUTE, aliases=["other"]):
        pass


@pytest.fixture
def faults(channel_faults: Faults) -> Iterator[Faults]:
    return channel_faults


def test_what_is_dropped_is_lost_and_counted(faults: Faults) -> None:
    client = Client()
    with faults.drop("num*") as fault:
        client.send("numbers", {"number": 1})
        Channel("other").send({})
    client.send("numbers", {"number": 2})
    assert numbers(client) == [2]
    assert fault.count == 1
    assert client.get_next_message("other") is not None


def test_a_full_channel_refuses_and_counts(faults: Faults) -> None:
    client = Client()
    with faults.full("numbers"), pytest.raises(ChannelFull):
        client.send("numbers", {"number": 1})
    assert client.channel_layer.channel_statistics("numbers")["channel_full_count"] == 1
    assert numbers(client) == []


def test_what_is_delayed_comes_when_it_is_released_or_at_the_end(faults: Faults) -> None:
    client = Client()
    with faults.delay("numbers") as held:
        client.send("numbers", {"number": 1})
        assert numbers(client) == []
        held.release()
        assert numbers(client) == [1]
        client.send("numbers", {"number": 2})
    assert numbers(client) == [2]


def test_a_duplicate_arrives_twice_and_the_innermost_fault_acts(faults: Faults) -> None:
    client = Client()
    with faults.duplicate("numbers"):
        client.send("numbers", {"number": 1})
        with faults.drop("numbers"):
            client.send("numbers", {"number": 2})
    assert numbers(client) == [1, 1]


def test_faults_act_on_what_consumers_send(faults: Faults) -> None:
    client = Client()
    with apply_routes(route("begin", lambda message: Channel("numbers").send({"number": 1}))), faults.drop("numbers"):
        client.send_and_consume("begin")
    assert client.get_next_message("numbers") is None


def test_a_fault_names_its_channels(faults: Faults) -> None:
    with pytest.raises(TypeError, match="the name of a channel, or a glob"), faults.drop(None):  # type: ignore[arg-type]
        pass


def test_faults_are_for_layers_of_tests() -> None:
    with pytest.raises(TypeError, match="write a ChannelTestCase"):
        trial_layer("default")


def test_a_fresh_layer_has_the_bounds_and_routes_of_the_projects(channel_layer: Any) -> None:
    assert channel_layer.capacity == 3
    with apply_routes(ROUTE), fresh_layers(["default"]) as inner:
        assert inner["default"].routing == [ROUTE]
        assert channel_layers["default"] is inner["default"]
    assert channel_layers["default"] is channel_layer


def run(case: type[unittest.TestCase], name: str) -> unittest.TestResult:
    result = unittest.TestResult()
    case(name).run(result)
    return result


@pytest.mark.parametrize("kind", [ChannelTestCase, TransactionChannelTestCase])
def test_each_test_of_a_case_has_its_own_layer(kind: Any) -> None:
    @apply_routes(ROUTE)
    class Case(kind):  # type: ignore[misc]
        def setUp(self) -> None:
            assert Client().get_consumer_by_channel("numbers") is reply

        def test_a(self) -> None:
            assert self.get_next_message("numbers") is None
            Channel("numbers").send({"number": 1})
            with self.faults().drop("numbers"):
                Channel("numbers").send({"number": 2})
            assert self.get_next_message("numbers", require=True).content == {"number": 1}
            with pytest.raises(AssertionError, match="there is no message on 'numbers'"):
                self.get_next_message("numbers", require=True)
            Channel("numbers").send({"number": 3})

        test_b = test_a

    before = channel_layers["default"]
    for name in ("test_a", "test_b"):
        result = run(Case, name)
        assert result.wasSuccessful(), result.errors + result.failures
    Case("test_a").run(unittest.TestResult())
    assert channel_layers["default"] is before
    assert channel_layers["default"].receive(["numbers"]) == (None, None)
