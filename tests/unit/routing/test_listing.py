"""The routes that a router lists before any message comes."""

from towpath.routing import Router, include, route


def consumer(message, **kwargs):
    """Stand for a consumer."""


class OwnRouting:
    def channel_names(self):
        return {"own"}

    def match(self, message):
        return None


def test_routes_are_listed_in_order_with_the_prefixes_round_them():
    first, second, third = route("a", consumer, path="^/1"), route("b", consumer), route("c", consumer)
    inner = include([second], path="/<int:n>")
    router = Router([first, OwnRouting(), include([include([inner], scheme="^ws")]), include([third])])
    assert [(each.route, each.prefixes) for each in router.listed()] == [
        (first, ()),
        (second, ({"scheme": "^ws"}, {"path": "/<int:n>"})),
        (third, ()),
    ]
    assert first.filters == {"path": "^/1"}
