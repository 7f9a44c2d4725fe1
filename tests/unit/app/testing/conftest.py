"""A project for clients to play with: sessions in a cache, no database, no routes until a test applies some."""

from collections.abc import Iterator

import django
import pytest
from django.apps import apps
from django.conf import settings
from django.test import override_settings

from towpath.channels.configured import channel_layers

APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]

if not settings.configured:
    settings.configure()
if not apps.ready:
    settings.SECRET_KEY = "for tests"
    settings.INSTALLED_APPS = APPS
    settings.DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    django.setup(set_prefix=False)


@pytest.fixture(autouse=True)
def project() -> Iterator[None]:
    layers = {
        "default": {"BACKEND": "towpath.layers.memory.MemoryChannelLayer", "ROUTING": [], "CONFIG": {"capacity": 3}}
    }
    with override_settings(CHANNEL_LAYERS=layers, SESSION_ENGINE="django.contrib.sessions.backends.cache"):
        before = channel_layers.set("default", None)
        yield
        channel_layers.set("default", before)
