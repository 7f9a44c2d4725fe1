"""The grammar of names, at its edges."""

import pytest

from towpath.layers.errors import InvalidName
from towpath.layers.names import (
    MAX_NAME_LENGTH,
    check_channel_name,
    check_group_name,
    is_inbox,
    new_channel_name,
    split_local,
)


@pytest.mark.parametrize("name", ["a", "A.b-c_9", "a?", "a?b", "a!", "a!b", "a" * (MAX_NAME_LENGTH - 1)])
def test_channel_names(name: str) -> None:
    assert check_channel_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", " ", "a b", "a\n", "ä", "a/b", "a!b!c", "a?b?c", "a?b!c", "a!b?c", "?a", "!a", "a" * MAX_NAME_LENGTH, None, 5],
)
def test_other_names_are_refused_and_shown(name: object) -> None:
    with pytest.raises(InvalidName) as caught:
        check_channel_name(name)
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize("name", ["a?", "a!b", "a b", "a\n", "", "a" * MAX_NAME_LENGTH, b"a"])
def test_groups_have_no_type_character(name: object) -> None:
    with pytest.raises(InvalidName):
        check_group_name(name)


@pytest.mark.parametrize(
    ("channel", "parts"), [("a", ("a", "")), ("a?b", ("a?b", "")), ("a!", ("a!", "")), ("a!b", ("a!", "b"))]
)
def test_the_local_part_is_what_follows_the_mark(channel: str, parts: tuple[str, str]) -> None:
    assert split_local(channel) == parts
    assert is_inbox(channel) == ("!" in channel)


def test_a_new_name_that_would_be_too_long_is_refused() -> None:
    assert len(new_channel_name("a" * 82 + "?")) == MAX_NAME_LENGTH - 1
    with pytest.raises(InvalidName):
        new_channel_name("a" * 83 + "?")
