"""Names: a valid name is harmless as a part of a Redis key, and every other one raises the same error."""

import string

from hypothesis import example, given
from hypothesis import strategies as st

from towpath.layers.errors import InvalidName
from towpath.layers.names import (
    MAX_NAME_LENGTH,
    check_channel_name,
    check_group_name,
    is_inbox,
    new_channel_name,
    random_token,
    split_local,
)

PLAIN = string.ascii_letters + string.digits + "-_."
near_names = st.text(st.sampled_from(PLAIN + "?!{}:*[]\n\r\0 /é٣"), max_size=MAX_NAME_LENGTH + 2)
anything = near_names | st.text() | st.binary() | st.none() | st.integers() | st.lists(st.text())
#: Bytes that decide random names: enough that nobody guesses one.
LEAST_RANDOM_BYTES = 12


@given(anything)
@example("a\n")
@example("a" * MAX_NAME_LENGTH)
@example("")
@example("!")
def test_a_name_is_plain_or_refused(name: object) -> None:
    for check, marks in ((check_channel_name, "?!"), (check_group_name, "")):
        try:
            checked = check(name)
        except InvalidName:
            continue
        assert checked == name
        assert 0 < len(checked) < MAX_NAME_LENGTH
        assert set(checked) <= set(PLAIN + marks)
        assert sum(checked.count(mark) for mark in "?!") <= 1
        assert checked[0] not in "?!"


@given(st.text(PLAIN, min_size=1, max_size=40), st.sampled_from(["", "!"]), st.text(PLAIN, max_size=40))
def test_a_channel_is_its_inbox_and_its_local_part(first: str, mark: str, rest: str) -> None:
    name = check_channel_name(first + mark + rest)
    inbox, local = split_local(name)
    assert inbox + local == name
    assert inbox.endswith("!") is is_inbox(name)
    assert "!" not in local


@given(anything)
def test_a_new_channel_takes_only_patterns(pattern: object) -> None:
    try:
        name = new_channel_name(pattern)
    except InvalidName:
        return
    assert isinstance(pattern, str)
    assert name.startswith(pattern)
    check_channel_name(name)


def test_random_names_are_neither_short_nor_repeated() -> None:
    tokens = [random_token() for _ in range(1000)]
    assert len(set(tokens)) == 1000
    assert all(len(token) * 6 >= LEAST_RANDOM_BYTES * 8 for token in tokens)
