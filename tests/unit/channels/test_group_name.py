"""Group names made of any text are valid, and different for different texts."""

import re
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from towpath import Group, group_name
from towpath.layers.errors import InvalidName
from towpath.layers.names import check_group_name

parts = st.lists(st.text(max_size=120) | st.integers(), min_size=1, max_size=3)


@given(parts)
@example([""])
@example(["", ""])
@example(["_"])
@example(["\ud800"])
@example(["ü" * 99])
def test_any_text_makes_a_valid_name(parts: list[Any]) -> None:
    assert check_group_name(group_name(*parts))


@given(parts, parts)
@example(["a", "b"], ["a.b"])
@example(["a-b"], ["a", "b"])
@example(["ü"], ["_c3_bc"])
@example([""], ["_"])
@example(["", ""], ["."])
@example(["a" * 99], ["a" * 100])
@example(["a" * 99], [group_name("a" * 99)])
def test_different_parts_make_different_names(one: list[Any], other: list[Any]) -> None:
    if [str(part) for part in one] != [str(part) for part in other]:
        assert group_name(*one) != group_name(*other)


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("chat", "lobby"), "chat.lobby"),
        (("chat", "münchen"), "chat.m_c3_bcnchen"),
        (("chat", "tea-room_2"), "chat.tea-room_5f2"),
        (("user", 7), "user.7"),
        (("doc", UUID(int=1)), "doc.00000000-0000-0000-0000-000000000001"),
        (("a" * 98,), "a" * 98),
        (("a" * 99,), "a" * 99),
    ],
)
def test_a_name_can_be_read(parts: Any, name: str) -> None:
    assert group_name(*parts) == name


def test_a_name_that_is_too_long_ends_with_a_digest() -> None:
    name = group_name("chat", "ü" * 50)
    assert len(name) == 99
    assert re.fullmatch(r"chat\.(_c3|_bc)+_?c?__[0-9a-f]{32}", name)


@pytest.mark.parametrize("parts", [(), (None,), (b"room",), (1.5,), (True,), ("chat", ["room"])])
def test_other_values_are_a_type_error(parts: Any) -> None:
    with pytest.raises(TypeError, match=r"group name"):
        group_name(*parts)


def test_an_invalid_name_says_how_to_make_a_valid_one() -> None:
    with pytest.raises(
        InvalidName, match=r"'chat-münchen' is not valid: .*; towpath.group_name makes a name of any text"
    ):
        Group("chat-münchen")
