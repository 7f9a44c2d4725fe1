"""Every option of a command may be given by a variable of the environment."""

import argparse
from typing import Any

import pytest

from towpath.interface import cli
from towpath.interface.commandline.environment import INTERFACE_PREFIX, read_environment
from towpath.interface.commandline.options import config_from
from towpath.interface.process.service import ExitCode
from towpath.layers.errors import ConfigurationError

from .test_options import GIVEN

#: Options that no field of the configuration stands for: arguments, and the same by variable.
OTHERS: dict[str, tuple[list[str], str]] = {
    "layer": (["site:layer"], "site:layer"),
    "verbosity": (["--verbosity", "2"], "2"),
    "log_format": (["--log-format", "json"], "json"),
    "proxy_headers": (["--proxy-headers"], "on"),
    "redis": (["--redis", "redis://cache"], "redis://cache"),
    "redis_env": (["--redis-env", "REDIS_URL"], "REDIS_URL"),
    "redis_file": (["--redis-file", "/run/redis"], "/run/redis"),
    "prefix": (["--prefix", "p:"], "p:"),
    "expiry": (["--expiry", "9"], "9"),
    "group_expiry": (["--group-expiry", "9"], "9"),
    "capacity": (["--capacity", "9"], "9"),
    "channel_capacity": (["--channel-capacity", "a.*=8", "--channel-capacity", "b=9"], "a.*=8,b=9"),
}


def with_variables(parser: argparse.ArgumentParser, variables: dict[str, str]) -> list[str]:
    return read_environment(
        parser,
        INTERFACE_PREFIX,
        check=cli.check_variable,
        without=frozenset({"force_sync"}),
        environment=variables,
    )


def parse(variables: dict[str, str], *arguments: str) -> argparse.Namespace:
    parser = cli.build_parser()
    assert with_variables(parser, variables) == []
    return parser.parse_args(arguments)


def name_of(option: str) -> str:
    """Return the variable of an option as the help of the parser has it."""
    [action] = [action for action in cli.build_parser()._actions if action.dest == option]
    long = next((flag for flag in action.option_strings if flag.startswith("--")), option)
    return INTERFACE_PREFIX + long.lstrip("-").replace("-", "_").upper()


def values_of(option: str, arguments: list[str]) -> list[str]:
    """Return the values in a list of arguments."""
    return OTHERS[option][1].split() if option in OTHERS else arguments[1::2]


def meaning(options: argparse.Namespace) -> dict[str, Any]:
    """Return what options mean: the configuration, and those that are not in it."""
    return {"config": config_from(options), **{option: getattr(options, option, None) for option in OTHERS}}


def every_option() -> list[tuple[str, list[str]]]:
    given = [(option, arguments) for option, (arguments, _) in GIVEN.items()]
    return given + [(option, arguments) for option, (arguments, _) in OTHERS.items()]


def test_the_table_of_this_test_has_every_option_of_the_parser() -> None:
    options = {action.dest for action in cli.build_parser()._actions} - {"help", "force_sync"}
    assert options == {option for option, _ in every_option()}


@pytest.mark.parametrize(("option", "arguments"), every_option(), ids=lambda value: str(value)[:40])
def test_an_option_of_the_environment_is_the_option_of_the_command_line(option: str, arguments: list[str]) -> None:
    text = " ".join(f'"{value}"' for value in values_of(option, arguments))
    if len(values_of(option, arguments)) == 1:
        [text] = values_of(option, arguments)
    assert meaning(parse({name_of(option): text})) == meaning(parse({}, *arguments))


@pytest.mark.parametrize(("option", "arguments"), every_option(), ids=lambda value: str(value)[:40])
def test_the_command_line_replaces_the_environment(option: str, arguments: list[str]) -> None:
    other = {"verbosity": "0", "allowed_hosts": "z.example", "unix_socket_mode": "640", "compression": "off"}
    other |= {"proxy_headers": "off", "proxy_strips_root_path": "off", "channel_capacity": "z=1"}
    other |= {"trusted_proxies": "10.9.9.9", "root_path": "/z", "spool_folder": "/", "redis": "redis://other"}
    other |= {"head_max_bytes": "4096", "compression_window_bits": "11", "endpoints": "tcp:9", "prefix": "z:"}
    other |= {"tracing": "off"}
    other |= {"metrics": "unix:/run/metrics.sock", "health_path": "/z", "log_format": "text"}
    variables = {name_of(option): other.get(option, "30")}
    assert meaning(parse(variables)) != meaning(parse({}, *arguments))
    assert meaning(parse(variables, *arguments)) == meaning(parse({}, *arguments))


@pytest.mark.parametrize("option", [option for option, _ in every_option()])
def test_the_help_names_the_variable(option: str) -> None:
    parser = cli.build_parser()
    with_variables(parser, {})
    assert f"[{name_of(option)}]" in parser.format_help()


@pytest.mark.parametrize(
    ("variable", "text", "complaint"),
    [
        ("PORT", "tcp://10.0.0.1:80", "'tcp://10.0.0.1:80' is not a whole number"),
        ("PORT", "70000", "port cannot be 70000: expected a port from 0 to 65535"),
        ("TRUSTED_PROXIES", "nginx", "expected a tuple of IP addresses"),
        ("ALLOWED_HOST", "a.example b.example:80", "'b.example:80' is not a host"),
        ("ALLOWED_HOST", '"a.example', "No closing quotation"),
        ("COMPRESSION", "yes", "'yes' is not on or off"),
        ("PROXY_HEADERS", "maybe", "expected on or off"),
        ("VERBOSITY", "9", "expected one of 0, 1, 2"),
        ("VERBOSITY", "high", "expected a value of type int"),
        ("CHANNEL_CAPACITY", "http.request", "'http.request' is not PATTERN=N"),
        ("CAPACITY", "0", "capacity"),
        ("EXPIRY", "-1", "expiry"),
        ("REDIS", "http://cache", "http"),
        ("GRACE", "x" * 5000, "is not a number of seconds"),
    ],
)
def test_a_value_that_is_not_allowed_is_an_error_that_names_the_variable(
    variable: str, text: str, complaint: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(INTERFACE_PREFIX + variable, text)
    with pytest.raises(SystemExit) as caught:
        cli.main(["site:layer"])
    said = capsys.readouterr().err
    assert caught.value.code == ExitCode.USAGE
    assert f"the variable {INTERFACE_PREFIX}{variable} cannot be {text[:80]!r}" in said
    assert complaint in said


def test_a_variable_that_is_not_an_option_is_a_warning_that_names_the_nearest() -> None:
    said = with_variables(cli.build_parser(), {"TOWPATH_INTERFACE_TRUSTED_PROXYS": "unix", "TOWPATH_INTERFACES": "2"})
    assert said == [
        "The variable TOWPATH_INTERFACE_TRUSTED_PROXYS is ignored: it is not an option; "
        "TOWPATH_INTERFACE_TRUSTED_PROXIES is one"
    ]


def test_an_empty_variable_is_not_set() -> None:
    assert vars(parse({"TOWPATH_INTERFACE_TRUSTED_PROXIES": " ", "TOWPATH_INTERFACE_PORT": ""})) == vars(parse({}))


@pytest.mark.parametrize(
    ("variables", "arguments", "layer"),
    [
        ({"REDIS": "redis://one"}, ["--redis", "redis://two"], "redis://two"),
        ({"REDIS": "redis://one"}, ["--redis-env", "SITE_REDIS"], "redis://three"),
        ({"LAYER": "no.such:layer"}, ["--redis", "redis://two"], "redis://two"),
        ({"REDIS_ENV": "SITE_REDIS"}, [], "redis://three"),
    ],
)
def test_the_layer_of_the_command_line_replaces_the_one_of_the_environment(
    variables: dict[str, str], arguments: list[str], layer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITE_REDIS", "redis://three")
    options = parse({INTERFACE_PREFIX + name: value for name, value in variables.items()}, *arguments)
    cli.prefer_command_line(options)
    assert layer in str(cli.find_layer(options))


def test_two_layers_in_the_environment_are_an_error() -> None:
    options = parse({"TOWPATH_INTERFACE_LAYER": "site:layer", "TOWPATH_INTERFACE_REDIS": "redis://one"})
    cli.prefer_command_line(options)
    with pytest.raises(ConfigurationError, match="choose one"):
        cli.find_layer(options)


def test_a_password_in_the_environment_is_not_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    cli.find_layer(parse({"TOWPATH_INTERFACE_REDIS": "redis://:secret@cache"}))
    assert caplog.text == ""


def test_the_server_is_configured_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Any] = []
    monkeypatch.setattr(cli, "serve", lambda *arguments: served.append(arguments) or ExitCode.STOPPED)
    monkeypatch.setattr(cli, "set_up_logging", lambda verbosity: None)
    monkeypatch.setenv("TOWPATH_INTERFACE_REDIS", "redis://cache")
    monkeypatch.setenv("TOWPATH_INTERFACE_TRUSTED_PROXIES", "unix,10.0.0.0/8")
    assert cli.main([]) == ExitCode.STOPPED
    assert served[0][1].trusted_proxies == ("unix", "10.0.0.0/8")
