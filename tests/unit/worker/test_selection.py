"""The channels that a worker reads, of all that have a route."""

import pytest

from towpath.layers import ConfigurationError
from towpath.worker.selection import select_channels


def test_all_channels_are_selected_without_globs():
    channels = {"http.request", "websocket.connect", "websocket.receive", "jobs"}
    assert select_channels(channels) == sorted(channels)
    assert select_channels(channels, only=["websocket.*", "jobs"]) == ["jobs", "websocket.connect", "websocket.receive"]
    assert select_channels(channels, exclude=["websocket.*"]) == ["http.request", "jobs"]
    assert select_channels(channels, only=["websocket.*"], exclude=["*.connect"]) == ["websocket.receive"]


@pytest.mark.parametrize("globs", [{"only": []}, {"only": ["JOBS"]}, {"exclude": ["*"]}])
def test_an_empty_selection_is_an_error(globs):
    with pytest.raises(ConfigurationError, match=r"no channel remains to listen to.*\['jobs'\]"):
        select_channels({"jobs"}, **globs)
