"""Routing does not copy a message. In 1.x every include, and so every match, copied all of its content."""

from typing import Any

import pytest

from towpath.routing import Router, include, route


class Body(bytes):
    """Content that cannot be copied."""

    def __copy__(self) -> Any:
        raise AssertionError("routing has copied a message")

    def __deepcopy__(self, memo: object) -> Any:
        raise AssertionError("routing has copied a message")


def consumer(message: Any, **kwargs: str) -> None:
    """Stand for a consumer."""


@pytest.mark.parametrize("path", ["^/chat", "/chat/<slug:room>"])
def test_matching_copies_nothing_however_deep_the_includes(message: Any, path: str) -> None:
    inner = [include([route("http.request", consumer, path="/tea/$")], method="^POST$")]
    router = Router([route("http.request", consumer, path="^/no"), include(inner, path=path)])
    content = {"path": "/chat/tea/" if path == "^/chat" else "/chat/x/tea/", "method": "POST", "body": Body(b"x")}
    found = router.match(message("http.request", **content))
    assert found is not None
    assert found.consumer is consumer
