"""The rules that hold whatever fails: each broken rule is named, and a journal without faults breaks none."""

import pytest

from ...wirefaults.invariants import Entry, Journal, read_line, violations

#: The entries of a connection if nothing fails: `WHAT TURN KIND ATTEMPT STATE`.
GOOD = [
    "begin 1 connect 0 0",
    "end 1 connect 0 -",
    "heard 1 - 0 -",
    "begin 2 receive 0 1",
    "put-off 2 receive 0 -",
    "begin 2 receive 1 1",
    "end 2 receive 1 -",
    "heard 2 - 0 -",
    "begin 3 receive 0 2",
    "end 3 receive 0 -",
    "heard 3 - 0 -",
    "closed 0 - 0 -",
    "begin 4 disconnect 0 3",
    "end 4 disconnect 0 -",
]


def entries(lines: list[str]) -> list[Entry]:
    """Return the entries of one connection, a second apart."""
    split = ((at, *line.split()) for at, line in enumerate(lines))
    return [
        read_line(f"{at} {what} name {turn} {kind} {attempt} {state}") for at, what, turn, kind, attempt, state in split
    ]


def without(*lines: str) -> list[str]:
    """Return the entries of a connection, without some."""
    assert set(lines) <= set(GOOD)
    return [line for line in GOOD if line not in lines]


def moved(line: str, before: str) -> list[str]:
    """Return the entries of a connection, with one moved before another."""
    rest = without(line)
    rest.insert(rest.index(before), line)
    return rest


def with_(line: str, before: str) -> list[str]:
    """Return the entries of a connection, with one more."""
    more = list(GOOD)
    more.insert(more.index(before), line)
    return more


def test_a_conversation_without_faults_breaks_no_rule() -> None:
    assert violations(entries(GOOD)) == []


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (
            moved("end 2 receive 1 -", before="end 3 receive 0 -"),
            "receive 3 began while receive 2 (attempt 1) was running",
        ),
        (moved("put-off 2 receive 0 -", before="end 2 receive 1 -"), "receive 2 (attempt 1) began while receive 2 was"),
        (with_("begin 2 receive 1 -", before="closed 0 - 0 -"), "receive 2 (attempt 1) ran twice"),
        (with_("begin 2 receive 2 -", before="closed 0 - 0 -"), "receive 2 (attempt 2) ran after receive 3"),
        (with_("lost 3 - 0 -", before="begin 3 receive 0 2"), "receive 3 began 1.000 s after it was called lost"),
        (without("begin 4 disconnect 0 3", "end 4 disconnect 0 -"), "websocket.disconnect ran 0 times"),
        ([*GOOD, "begin 0 disconnect 0 -"], "websocket.disconnect ran 2 times"),
        ([*GOOD, "begin 5 receive 0 -"], "receive 5 ran after websocket.disconnect"),
        (without("begin 1 connect 0 0", "end 1 connect 0 -"), "websocket.disconnect ran without a websocket.connect"),
        (moved("heard 3 - 0 -", before="heard 2 - 0 -"), "replies came in the order [1, 3, 2]"),
        (with_("heard 2 - 0 -", before="closed 0 - 0 -"), "replies came in the order [1, 2, 3, 2]"),
        (without("heard 2 - 0 -"), "receive 2 (attempt 1) has run, and its reply did not come"),
        ([*without("heard 2 - 0 -"), "ended 0 - 0 -"], "receive 2 (attempt 1) has run, and its reply did not come"),
        (without("end 1 connect 0 -"), "receive 2 found the state of 1 runs, after 0"),
    ],
)
def test_a_broken_rule_is_named(lines: list[str], complaint: str) -> None:
    assert any(complaint in found for found in violations(entries(lines))), violations(entries(lines))


def test_a_turn_that_was_called_lost_while_it_ran_breaks_no_rule() -> None:
    lines = with_("lost 3 - 0 -", before="end 3 receive 0 -")
    lines.remove("heard 3 - 0 -")
    assert violations(entries(lines)) == []


def test_a_socket_that_the_server_ended_may_lack_its_last_reply() -> None:
    assert violations(entries([*without("heard 3 - 0 -"), "ended 0 - 0 -"])) == []
    assert violations(entries(without("heard 3 - 0 -"))) != []


def test_connections_are_judged_apart() -> None:
    one = entries(GOOD)
    other = [entry._replace(name="other", at=entry.at + 0.5) for entry in one]
    assert violations([*one, *other]) == []


def test_an_entry_survives_its_line() -> None:
    (entry,) = entries(["begin 2 receive 1 -"])
    assert read_line(entry.line()) == entry


def test_group_messages_come_once_and_in_the_order_of_their_sender() -> None:
    journal = Journal()
    journal.groups["member"] += [("one", 1), ("other", 0), ("one", 2), ("other", 1)]
    assert journal.violations() == []
    journal.groups["member"].append(("one", 2))
    assert journal.violations() == ["member: group message 2 of one came after 2"]
