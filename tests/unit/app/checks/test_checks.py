"""The system checks. The order of applications is tried with real projects in `tests/e2e`."""

import re
from pathlib import Path
from typing import Any

import django
import pytest
from django.core import mail
from django.core.management.base import BaseCommand
from django.test import override_settings

import towpath.checks
from towpath.checks import layers as layer_checks
from towpath.checks import settings as checks
from towpath.management.commands.runserver import Command
from towpath.routing import route

MEMORY = "towpath.layers.memory.MemoryChannelLayer"


def consumer(message: object) -> None:
    """Do nothing."""


ROUTES = [route("websocket.receive", consumer)]


def layer(**changes: Any) -> dict[str, Any]:
    return {"BACKEND": MEMORY, "ROUTING": ROUTES} | changes


def found(**settings: Any) -> list[str | None]:
    """Return the ids of what the checks of settings and layers find."""
    with override_settings(**settings):
        messages = [*checks.check_settings(), *checks.check_layers(), *checks.check_memory_layer()]
        messages += layer_checks.check_backends()
    assert all(message.hint for message in messages)
    return [message.id for message in messages]


@pytest.fixture(autouse=True)
def _outside_of_a_test_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(mail, "outbox", raising=False)


def test_a_sound_project_has_nothing_to_mend() -> None:
    assert found(DEBUG=True, CHANNEL_LAYERS={"default": layer()}) == []


@pytest.mark.parametrize("layers", [{}, None])
def test_a_project_without_layers_is_warned(layers: object) -> None:
    assert found(DEBUG=True, CHANNEL_LAYERS=layers) == ["towpath.W014"]


def test_every_setting_of_the_wrong_shape_is_named() -> None:
    with override_settings(CHANNEL_LAYERS={"a": {}, "b": 3}, CHANNELS_WS_PROTOCOLS="wamp"):
        texts = [message.msg for message in checks.check_settings()]
    assert [text.split()[0] for text in texts] == [
        "CHANNEL_LAYERS['a']",
        "CHANNEL_LAYERS['b']",
        "CHANNELS_WS_PROTOCOLS",
    ]


def test_what_depends_on_the_shape_is_silent_until_it_is_mended() -> None:
    assert found(DEBUG=False, CHANNEL_LAYERS={"default": {"BACKEND": MEMORY}}) == ["towpath.E001"]


def test_layers_without_a_default_are_warned_of() -> None:
    assert found(DEBUG=True, CHANNEL_LAYERS={"other": layer()}) == ["towpath.W003"]


@pytest.mark.parametrize("backend", ["no.such.Layer", "towpath.layers.memory.Typo", "redis"])
def test_a_backend_that_cannot_be_imported_is_an_error(backend: str) -> None:
    assert found(DEBUG=True, CHANNEL_LAYERS={"default": layer(BACKEND=backend)}) == ["towpath.E002"]


class NotALayer:
    """A class that has nothing of a layer."""


@pytest.mark.parametrize("backend", ["unit.app.test_checks.NotALayer", "towpath.layers.memory"])
def test_a_backend_that_is_not_a_layer_is_an_error(monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
    monkeypatch.setattr(layer_checks, "import_string", lambda path: NotALayer if "Not" in path else object())
    assert found(DEBUG=True, CHANNEL_LAYERS={"default": layer(BACKEND=backend)}) == ["towpath.E002"]


@pytest.mark.parametrize(
    ("backend", "instead"),
    [
        ("channels_redis.core.RedisChannelLayer", "towpath.layers.redis.RedisChannelLayer"),
        ("channels.layers.InMemoryChannelLayer", "towpath.layers.memory.MemoryChannelLayer"),
        ("asgi_redis.RedisChannelLayer", "towpath.layers.redis.RedisChannelLayer"),
        ("asgiref.inmemory.ChannelLayer", "towpath.layers.memory.MemoryChannelLayer"),
    ],
)
def test_a_backend_of_another_package_is_answered_with_ours(backend: str, instead: str) -> None:
    with_routing, without = layer(BACKEND=backend), {"BACKEND": backend, "CONFIG": {"hosts": [("redis", 6379)]}}
    with override_settings(DEBUG=True, CHANNEL_LAYERS={"default": with_routing}):
        (error,) = layer_checks.check_backends()
    with override_settings(DEBUG=True, CHANNEL_LAYERS={"default": without}):
        (shape,) = checks.check_settings()
    for message in (error, shape):
        assert f'write "BACKEND": "{instead}"' in (message.hint or "")


REDIS = "towpath.layers.redis.RedisChannelLayer"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"host": "redis://127.0.0.1:6379/0"}, "CHANNEL_LAYERS['default']['CONFIG'] has the unknown option 'host'."),
        ({"hosts": "redis://127.0.0.1:6379/0"}, "CHANNEL_LAYERS['default']['CONFIG'] cannot be used: "),
        ({"capacity": "many"}, "CHANNEL_LAYERS['default']['CONFIG'] cannot be used: "),
        ({1: 2}, "CHANNEL_LAYERS['default']['CONFIG'] has the unknown option 1."),
    ],
)
def test_a_wrong_option_of_a_layer_is_an_error(options: dict[str, Any], text: str) -> None:
    for key in ("CONFIG", "TEST_CONFIG"):
        changed = layer(BACKEND=REDIS) | {key: options}
        with override_settings(DEBUG=True, CHANNEL_LAYERS={"default": changed}):
            (message,) = layer_checks.check_backends()
        assert message.id == "towpath.E005"
        assert message.msg.startswith(text.replace("CONFIG", key))
    assert "hosts" not in options or "list" in message.msg


def test_an_unknown_option_is_answered_with_the_nearest_one() -> None:
    with override_settings(CHANNEL_LAYERS={"default": layer(BACKEND=REDIS, CONFIG={"host": []})}):
        (message,) = layer_checks.check_backends()
    assert message.hint is not None
    assert message.hint.startswith("Did you mean 'hosts'? The options are expiry, hosts, prefix, ")


def any_layer(**options: Any) -> Any:
    """Make a layer that takes every option."""
    from towpath.layers.memory import MemoryChannelLayer

    return MemoryChannelLayer()


def test_a_function_that_makes_layers_may_be_the_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_checks, "import_string", lambda path: any_layer)
    with override_settings(CHANNEL_LAYERS={"default": layer(BACKEND="mysite.layers.any_layer", CONFIG={"own": 1})}):
        assert layer_checks.check_backends() == []


@pytest.mark.parametrize("routing", ["no.such.routes", "towpath.checks.typo", [3], {"a": "no.such.consumer"}])
def test_a_routing_that_cannot_be_used_is_an_error(routing: object) -> None:
    assert found(DEBUG=True, CHANNEL_LAYERS={"default": layer(ROUTING=routing)}) == ["towpath.E003"]


def test_a_memory_layer_is_for_development() -> None:
    assert found(DEBUG=False, CHANNEL_LAYERS={"default": layer()}) == ["towpath.W002"]


def test_a_backend_that_cannot_be_imported_is_not_a_memory_layer() -> None:
    assert found(DEBUG=False, CHANNEL_LAYERS={"default": layer(BACKEND="no.such.Layer")}) == ["towpath.E002"]


def test_an_import_that_fails_inside_the_projects_code_shows_its_traceback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "project_with_a_typo.py").write_text("from no_such_module import routes\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        found(DEBUG=True, CHANNEL_LAYERS={"default": layer(ROUTING="project_with_a_typo.routes")})


def test_a_memory_layer_is_right_under_djangos_test_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "outbox", [], raising=False)
    assert found(DEBUG=False, CHANNEL_LAYERS={"default": layer()}) == []


@pytest.mark.parametrize("winner", ["towpath", Command()])
def test_our_runserver_may_win_by_name_or_by_descent(
    monkeypatch: pytest.MonkeyPatch, winner: str | BaseCommand
) -> None:
    monkeypatch.setattr(checks, "get_commands", lambda: {"runserver": winner})
    assert checks.check_runserver() == []


def test_a_runserver_that_is_not_ours_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "get_commands", lambda: {"runserver": "django.contrib.staticfiles"})
    [message] = checks.check_runserver()
    assert message.id == "towpath.W001"
    assert message.hint == "Put \"towpath\" above 'django.contrib.staticfiles' in INSTALLED_APPS."


def test_every_check_is_registered_and_every_id_is_in_the_table() -> None:
    """Django's own registry is asked, after `ready()` as `INSTALLED_APPS` calls it."""
    from django.core.checks.registry import CheckRegistry

    from towpath import apps as towpath_apps

    django.setup()
    registry = CheckRegistry()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(towpath_apps.django_checks, "register", registry.register)
        towpath_apps.TowpathConfig.ready(None)  # type: ignore[arg-type]  # needs nothing of itself
    names = {getattr(check, "__name__", "") for check in registry.get_checks(include_deployment_checks=True)}
    assert {"check_routes", "check_session_engine", "check_origins", "check_hosts", "check_memory_layer"} <= names
    assert "check_hosts" not in {getattr(check, "__name__", "") for check in registry.get_checks()}
    sources = [source.read_text() for source in Path(checks.__file__).parent.glob("*.py")]
    used = {name for source in sources for name in re.findall(r'id="(towpath\.\w+)"', source)}
    used |= {f"towpath.W{number:0>3}" for source in sources for number in re.findall(r"\bFinding\(\s*(\d+),", source)}
    assert used == set(re.findall(r"^\| (towpath\.\w+) ", towpath.checks.__doc__ or "", re.MULTILINE))
    docs = Path(checks.__file__).parents[2] / "docs"
    table = (docs / "consumers.md").read_text(encoding="utf-8").partition("## System checks")[2]
    table += (docs / "operations.md").read_text(encoding="utf-8")
    assert {f"towpath.{name}" for name in re.findall(r"`(?:towpath\.)?([EW]\d{3})`", table)} == used
