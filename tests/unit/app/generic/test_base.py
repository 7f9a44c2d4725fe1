"""The class that is a consumer: which method runs, what is opened round it, and what is wrong before it runs."""

from typing import Any

import pytest

from towpath.channels import Message
from towpath.generic import BaseConsumer
from towpath.layers.errors import ConfigurationError
from towpath.layers.memory import MemoryChannelLayer
from towpath.routing import Router, RoutingError, route_class


def message(channel: str = "jobs", **content: Any) -> Message:
    return Message({"reply_channel": "interface.one!1", **content}, channel, MemoryChannelLayer(), turn=1)


class Jobs(BaseConsumer):
    """Handles two channels, and notes what reached it."""

    method_mapping = {"jobs": "work", "jobs.stop": "stop"}
    extra = "own"

    def work(self, message: Message, **kwargs: Any) -> None:
        self.seen = ("work", message["n"], kwargs, self.extra)

    def stop(self, message: Message, **kwargs: Any) -> None:
        self.seen = ("stop", message is self.message, kwargs == self.kwargs, self.extra)


def test_each_message_goes_to_the_method_of_its_channel() -> None:
    assert Jobs(message(n=1), queue="a").seen == ("work", 1, {"queue": "a"}, "own")
    assert Jobs(message("jobs.stop"), queue="a").seen == ("stop", True, True, "own")


def test_a_route_to_the_class_has_its_channels_and_filters() -> None:
    router = Router([Jobs.as_route(queue=r"^(?P<queue>\w+)$")])
    assert router.channels == {"jobs", "jobs.stop"}
    found = router.match(message(queue="a"))
    assert found is not None
    assert (found.consumer, found.kwargs) == (Jobs, {"queue": "a"})
    assert router.match(message(queue="-")) is None


def test_a_route_may_be_unordered() -> None:
    found = Jobs.as_route(ordered=False).match(message())
    assert found is not None
    assert found.ordered is False


def test_a_route_may_set_attributes_and_leaves_the_class_as_it_is() -> None:
    found = Jobs.as_route(attrs={"extra": "set"}).match(message(n=1))
    assert found is not None
    made: Any = found.consumer
    assert issubclass(made, Jobs)
    assert (made.__name__, made.__module__) == ("Jobs", Jobs.__module__)
    assert made(message(n=1)).seen[-1] == "set"
    assert Jobs(message(n=1)).seen[-1] == "own"


def test_attributes_that_are_not_a_dict_are_an_error() -> None:
    with pytest.raises(ConfigurationError, match=r"Jobs.as_route: attrs is a dict .* filters are keyword arguments"):
        Jobs.as_route("^/chat/")  # type: ignore[arg-type]


def test_a_wrong_filter_is_an_error_at_once() -> None:
    with pytest.raises(RoutingError, match="not a regular expression"):
        Jobs.as_route(path="(")


def test_a_method_that_is_not_there_is_an_error_when_it_is_routed() -> None:
    class Typo(BaseConsumer):
        method_mapping = {"jobs": "wrok"}

    for make in (Typo.as_route, lambda: route_class(Typo)):
        with pytest.raises(
            ConfigurationError, match="Typo has no method 'wrok', which its method_mapping names for 'jobs'"
        ):
            make()


def test_a_message_on_a_channel_of_another_consumer_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"Jobs handles no messages on 'other': its method_mapping has \['jobs', "):
        Jobs(message("other"))


def test_sessions_are_opened_when_the_class_asks_for_them() -> None:
    class Sessions(BaseConsumer):
        method_mapping = {"jobs": "work"}

        def work(self, message: Any) -> None:
            self.seen = [name for name in ("channel_session", "user") if hasattr(message, name)]

    class WithSession(Sessions):
        channel_session = True

    class WithUser(Sessions):
        channel_session_user = True

    assert [each(message()).seen for each in (Sessions, WithSession, WithUser)] == [
        [],
        ["channel_session"],
        ["channel_session", "user"],
    ]


def test_get_handler_is_the_place_for_decorators() -> None:
    class Logged(Jobs):
        def get_handler(self, message: Message, **kwargs: Any) -> Any:
            handler = super().get_handler(message, **kwargs)
            return lambda message, **kwargs: handler(message, decorated=True, **kwargs)

    assert Logged(message(n=1), queue="a").seen == ("work", 1, {"queue": "a", "decorated": True}, "own")
