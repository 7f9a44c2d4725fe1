"""An engine of channel sessions that cannot serve is an error before the first consumer runs."""

import sys
from types import ModuleType
from typing import Any

import django
import pytest
from django.apps import apps
from django.contrib.sessions.backends.base import SessionBase
from django.core.checks import CheckMessage
from django.test import override_settings

from towpath.checks.sessions import check_session_engine

ENGINE = "django.contrib.sessions.backends."
LOCAL = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
DUMMY = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
SHARED = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}}


@pytest.fixture(autouse=True)
def _apps() -> None:
    """Checks run when the applications are there."""
    if not apps.ready:
        django.setup(set_prefix=False)


def found(engine: Any, **settings: Any) -> list[CheckMessage]:
    with override_settings(CHANNEL_SESSION_ENGINE=engine, **settings):
        return check_session_engine()


def test_sessions_that_travel_need_no_engine() -> None:
    assert found(None) == []


def test_an_engine_whose_store_is_shared_is_fine(tmp_path: Any) -> None:
    assert found(ENGINE + "cache", DEBUG=False, CACHES=SHARED) == []
    assert found(ENGINE + "file", DEBUG=False, SESSION_FILE_PATH=str(tmp_path)) == []
    assert found(ENGINE + "cache", DEBUG=True, CACHES=LOCAL) == []


@pytest.mark.parametrize(
    ("engine", "reason"),
    [
        ("no.such.engine", "ModuleNotFoundError: No module named 'no'"),
        ("django.contrib.sessions.serializers", "AttributeError"),
        (ENGINE + "signed_cookies", "it keeps sessions in cookies, and channels have none"),
        ("own_engine", "its table is that of nobody.models, which is not in INSTALLED_APPS"),
        ("failing_engine", "LookupError: no store here"),
    ],
)
def test_an_engine_that_cannot_serve_is_an_error(engine: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class OwnStore(SessionBase):
        model = type("Session", (), {"__module__": "nobody.models"})

    class FailingStore(SessionBase):
        @property
        def model(self) -> None:
            raise LookupError("no store here")

    for name, store in (("own_engine", OwnStore), ("failing_engine", FailingStore)):
        module = ModuleType(name)
        vars(module)["SessionStore"] = store
        monkeypatch.setitem(sys.modules, name, module)
    [message] = found(engine)
    assert message.id == "towpath.E004"
    assert message.msg.startswith(f"CHANNEL_SESSION_ENGINE, {engine!r}, cannot serve: {reason}")
    assert message.hint is not None
    assert "Leave CHANNEL_SESSION_ENGINE out" in message.hint


@pytest.mark.parametrize(("debug", "caches"), [(False, LOCAL), (False, DUMMY), (True, DUMMY)])
def test_a_cache_that_no_other_process_reads_is_warned_of(debug: bool, caches: Any) -> None:
    [message] = found(ENGINE + "cache", DEBUG=debug, CACHES=caches)
    assert message.id == "towpath.W006"
    assert "keeps sessions in a cache that no other process reads" in message.msg


def test_a_setting_of_the_wrong_shape_is_the_affair_of_another_check() -> None:
    assert found(5) == []
