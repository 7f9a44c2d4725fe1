"""Options of the management commands by variables of the environment."""

import argparse
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management.base import CommandError
from django.test import override_settings

from towpath.channels.configured import channel_layers
from towpath.environment import EnvironmentCommand
from towpath.management.commands import runinterface, runworker

#: Variable of a worker's option -> the option, the text, the value.
WORKER: dict[str, tuple[str, str, object]] = {
    "LAYER": ("layer", "default", "default"),
    "THREADS": ("threads", "8", 8),
    "ONLY_CHANNELS": ("only_channels", "http.* websocket.*", ["http.*", "websocket.*"]),
    "EXCLUDE_CHANNELS": ("exclude_channels", "slow.*", ["slow.*"]),
    "MESSAGE_TIMEOUT": ("message_timeout", "300", 300.0),
    "SLOW_AFTER": ("slow_after", "2.5", 2.5),
    "METRICS": ("metrics", "unix:/run/worker.sock", "unix:/run/worker.sock"),
    "MAX_MESSAGES": ("max_messages", "1000", 1000),
    "MAX_MEMORY": ("max_memory", "512", 512),
    "DISABLE_GRACEFUL_STOP": ("disable_graceful_stop", "on", True),
    "LOG_FORMAT": ("log_format", "json", "json"),
    "TRACING": ("tracing", "on", "on"),
    "VERBOSITY": ("verbosity", "2", 2),
}


@pytest.fixture(autouse=True)
def layer() -> Iterator[None]:
    layers = {"default": {"BACKEND": "towpath.layers.redis.RedisChannelLayer", "ROUTING": []}}
    before = channel_layers.set("default", None)
    with override_settings(CHANNEL_LAYERS=layers):
        yield
    channel_layers.set("default", before)


def parser_of(command: EnvironmentCommand) -> argparse.ArgumentParser:
    return command.create_parser("manage.py", "command")


@pytest.mark.parametrize("variable", WORKER)
def test_an_option_of_a_worker_comes_from_the_environment(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    option, text, value = WORKER[variable]
    monkeypatch.setenv(f"TOWPATH_WORKER_{variable}", text)
    options = vars(parser_of(runworker.Command()).parse_args([]))
    assert options[option] == value


def test_every_option_of_a_worker_has_a_variable() -> None:
    added = argparse.ArgumentParser(add_help=False)
    runworker.Command().add_arguments(added)  # type: ignore[arg-type]
    assert {option for option, _, _ in WORKER.values()} == {action.dest for action in added._actions} | {"verbosity"}


def test_the_help_names_the_variables_of_a_command_and_none_for_djangos_own_options() -> None:
    said = parser_of(runworker.Command()).format_help()
    assert all(f"[TOWPATH_WORKER_{variable}]" in said for variable in WORKER)
    assert "TOWPATH_WORKER_SETTINGS" not in said
    assert "[TOWPATH_INTERFACE_PORT]" in parser_of(runinterface.Command()).format_help()


def test_the_command_line_replaces_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWPATH_WORKER_THREADS", "8")
    monkeypatch.setenv("TOWPATH_WORKER_ONLY_CHANNELS", "http.*")
    options = parser_of(runworker.Command()).parse_args(["--threads", "2", "--only-channels", "chat.*"])
    assert (options.threads, options.only_channels) == (2, ["chat.*"])


@pytest.mark.parametrize(
    ("command", "variable", "text", "complaint"),
    [
        (runworker.Command, "TOWPATH_WORKER_THREADS", "0", "a worker process has at least one thread, not 0"),
        (runworker.Command, "TOWPATH_WORKER_THREADS", "many", "expected a value of type int"),
        (runworker.Command, "TOWPATH_WORKER_MESSAGE_TIMEOUT", "-1", "a number above 0, not -1.0"),
        (runworker.Command, "TOWPATH_WORKER_LAYER", "other", "CHANNEL_LAYERS has no layer 'other'"),
        (runworker.Command, "TOWPATH_WORKER_METRICS", "0.0.0.0:9100", "can be reached from other machines"),
        (runworker.Command, "TOWPATH_WORKER_SLOW_AFTER", "0", "a number of seconds above 0, not 0.0"),
        (runinterface.Command, "TOWPATH_INTERFACE_LAYER", "a:b", "CHANNEL_LAYERS has no layer 'a:b'"),
        (runinterface.Command, "TOWPATH_INTERFACE_PORT", "70000", "port cannot be 70000"),
    ],
)
def test_a_value_that_is_not_allowed_is_an_error_that_names_the_variable(
    command: type[EnvironmentCommand], variable: str, text: str, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(CommandError) as caught:
        parser_of(command())
    assert f"the variable {variable} cannot be {text!r}: " in str(caught.value)
    assert complaint in str(caught.value)


def test_a_variable_that_is_not_an_option_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TOWPATH_WORKER_SETTINGS", "mysite.settings")
    monkeypatch.setenv("TOWPATH_WORKERS", "4")
    command: Any = runworker.Command()
    parser_of(command).parse_args([])
    command.warn_of_unknown_variables()
    assert caplog.messages == ["The variable TOWPATH_WORKER_SETTINGS is ignored: it is not an option"]
