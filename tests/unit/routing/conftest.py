"""Messages to route; no layer is behind them."""

import os
import sys
import types
from unittest.mock import create_autospec

import pytest
from django.conf import settings

from towpath.channels import Message
from towpath.layers.contract import ChannelLayer

if not settings.configured and "DJANGO_SETTINGS_MODULE" not in os.environ:
    settings.configure()


@pytest.fixture
def message():
    """Return a function that makes a message: `message("websocket.receive", path="/")`."""
    layer = create_autospec(ChannelLayer, instance=True)
    return lambda channel, **content: Message(content, channel, layer)


@pytest.fixture
def module(monkeypatch):
    """Return a function that makes an importable module: `module("chat", connect=consumer)`."""

    def make(name, **names):
        made = types.ModuleType(name)
        made.__dict__.update(names)
        monkeypatch.setitem(sys.modules, name, made)
        return made

    return make
