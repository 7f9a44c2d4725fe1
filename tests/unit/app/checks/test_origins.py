"""A warning for projects that let pages of any origin open WebSockets."""

from typing import Any

import pytest
from django.test import override_settings

from towpath.checks.origins import check_hosts, check_origins


@pytest.mark.parametrize("allowed", [None, [], ["https://app.example.com", ".example.com"], "not a list"])
def test_origins_that_are_named_are_fine(allowed: Any) -> None:
    with override_settings(CHANNELS_WS_ALLOWED_ORIGINS=allowed):
        assert check_origins() == []


@pytest.mark.parametrize(
    ("allowed", "who"),
    [(["a.example", "*"], "pages of every site"), (["null"], "pages without an origin, which any site makes")],
)
def test_origins_that_are_anybodys_are_warned_of(allowed: Any, who: str) -> None:
    with override_settings(CHANNELS_WS_ALLOWED_ORIGINS=allowed):
        [message] = check_origins()
    assert message.id == "towpath.W007"
    assert message.msg.startswith(f"CHANNELS_WS_ALLOWED_ORIGINS has {allowed[-1]!r}: {who}")
    assert message.hint is not None
    assert message.hint.startswith("List the origins that are meant")


@pytest.mark.parametrize(
    ("hosts", "debug", "ids"),
    [(["*"], False, ["towpath.W008"]), (["*"], True, []), (["example.com"], False, [])],
)
def test_a_site_that_takes_every_host_for_its_own_is_warned_of(hosts: Any, debug: bool, ids: Any) -> None:
    with override_settings(ALLOWED_HOSTS=hosts, DEBUG=debug):
        messages = check_hosts()
    assert [message.id for message in messages] == ids
    assert all(message.hint for message in messages)
