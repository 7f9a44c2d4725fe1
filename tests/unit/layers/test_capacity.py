"""Capacities by name: which pattern decides, and what is refused in the settings."""

import re
from typing import Any

import pytest

from towpath.layers.capacity import CACHED_NAMES, Capacities
from towpath.layers.errors import ConfigurationError


def test_a_name_that_no_pattern_matches_has_the_general_capacity() -> None:
    assert Capacities(7, {"chat.*": 1}).of("news") == 7


def test_the_first_match_in_the_order_given_decides() -> None:
    capacities = Capacities(7, {re.compile(r"chat\.\d+$"): 1, "chat.*": 2, "*": 3})
    assert [capacities.of(name) for name in ("chat.12", "chat.12a", "chat", "news")] == [1, 2, 3, 3]


def test_a_glob_matches_the_whole_name_and_a_regular_expression_its_beginning() -> None:
    capacities = Capacities(7, {"chat": 1, re.compile("news"): 2})
    assert [capacities.of(name) for name in ("chat", "chat.a", "news", "newsletter", "no.news")] == [1, 7, 2, 2, 7]


def test_names_with_a_type_character_can_be_matched() -> None:
    capacities = Capacities(7, {"http.request.body?*": 3, "interface.*!": 4})
    assert [capacities.of(name) for name in ("http.request.body?x9", "interface.abc!")] == [3, 4]


def test_without_patterns_the_connections_channels_are_large() -> None:
    capacities = Capacities(100)
    names = ("websocket.receive", "http.request", "http.request.body?x", "chat")
    assert [capacities.of(name) for name in names] == [10_000, 1_000, 100, 100]


def test_patterns_replace_those_built_in() -> None:
    assert Capacities(100, {}).of("websocket.receive") == 100


def test_the_number_of_remembered_names_is_bounded() -> None:
    capacities = Capacities(5, {"a*": 2})
    assert {capacities.of(f"b{number}") for number in range(3 * CACHED_NAMES)} == {5}
    assert capacities.of.cache_info().currsize == CACHED_NAMES


@pytest.mark.parametrize(
    ("capacity", "patterns", "named"),
    [
        (0, None, "capacity"),
        (-3, None, "-3"),
        (True, None, "capacity"),
        (1.5, None, "1.5"),
        ("100", None, "'100'"),
        (100, {"chat.*": 0}, r"channel_capacity\['chat\.\*'\]"),
        (100, {"chat.*": None}, r"channel_capacity\['chat\.\*'\]"),
        (100, {"": 5}, "''"),
        (100, {5: 5}, "channel_capacity: 5"),
        (100, {re.compile(b"chat"): 5}, "b'chat'"),
        (100, [("chat", 5)], "channel_capacity"),
    ],
)
def test_what_is_wrong_is_named(capacity: Any, patterns: Any, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        Capacities(capacity, patterns)
