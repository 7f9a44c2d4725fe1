"""The console script, up to the point where it serves."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from towpath.interface import cli
from towpath.interface.accesslog import AccessLog, no_log
from towpath.interface.config import InterfaceConfig
from towpath.interface.process.service import ExitCode
from towpath.layers.errors import ConfigurationError
from towpath.layers.redis import RedisChannelLayer

MODULE = """
from types import SimpleNamespace
from towpath.layers.memory import MemoryChannelLayer
from towpath.layers.redis import RedisChannelLayer
channel_layer = RedisChannelLayer()
wrapped = SimpleNamespace(channel_layer=channel_layer)
nested = SimpleNamespace(layers=SimpleNamespace(one=channel_layer))
memory = MemoryChannelLayer()
text = "a layer?"
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A current folder with a module that holds layers; the path and the imported modules are put back."""
    (tmp_path / "site_asgi.py").write_text(MODULE)
    (tmp_path / "broken_asgi.py").write_text("import no_such_module_anywhere")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(cli, "set_up_logging", lambda verbosity: None)
    yield tmp_path
    for name in ("site_asgi", "broken_asgi"):
        sys.modules.pop(name, None)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Calls of `serve`, none of which serves."""
    calls: list[tuple[Any, ...]] = []

    def serve(*arguments: Any) -> ExitCode:
        calls.append(arguments)
        return ExitCode.STOPPED

    monkeypatch.setattr(cli, "serve", serve)
    return calls


def options(*arguments: str) -> argparse.Namespace:
    return cli.build_parser().parse_args(arguments)


def test_a_layer_is_imported_from_the_current_folder(served: list[tuple[Any, ...]], project: Path) -> None:
    assert cli.main(["site_asgi:channel_layer", "-p", "9000"]) == 0
    ((layer, config, log_action),) = served
    assert isinstance(layer, RedisChannelLayer)
    assert config == InterfaceConfig(port=9000)
    assert log_action is no_log
    assert sys.path[0] == str(project)


def test_a_layer_may_be_wrapped_or_nested() -> None:
    assert isinstance(cli.import_layer("site_asgi:wrapped"), RedisChannelLayer)
    assert isinstance(cli.import_layer("site_asgi:nested.layers.one"), RedisChannelLayer)


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("site_asgi", "expected MODULE:LAYER"),
        ("site_asgi:", "expected MODULE:LAYER"),
        (":layer", "expected MODULE:LAYER"),
        ("no_such_module:layer", "no module 'no_such_module'"),
        ("no_such.module:layer", "no module 'no_such.module'"),
        ("site_asgi:other", "has no 'other'"),
        ("site_asgi:nested.other", "has no 'nested.other'"),
        ("site_asgi:text", "is a str, not a channel layer"),
        ("site_asgi:memory", "lives in the memory of one process"),
    ],
)
def test_a_path_that_leads_nowhere_is_a_clear_message(path: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        cli.import_layer(path)


def test_an_error_inside_the_module_keeps_its_traceback() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module_anywhere"):
        cli.import_layer("broken_asgi:layer")


def test_a_redis_layer_needs_no_project() -> None:
    layer = cli.find_layer(
        options("--redis", "redis://127.0.0.1:1/2", "--prefix", "p:", "--expiry", "5", "--group-expiry", "6",
                "--capacity", "7", "--channel-capacity", "a.*=8", "--channel-capacity", "b=9")
    )  # fmt: skip
    assert isinstance(layer, RedisChannelLayer)
    assert (layer.prefix, layer.expiry, layer.group_expiry, layer.capacity) == ("p:", 5, 6, 7)


def test_the_url_of_redis_comes_from_the_environment_or_a_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITE_REDIS", " redis://:secret@cache:1/2\n")
    (project / "redis").write_text("redis://:secret@cache:1/2\n")
    for arguments in (["--redis-env", "SITE_REDIS"], ["--redis-file", "redis"]):
        layer = cli.find_layer(options(*arguments, "--prefix", "p:"))
        assert str(layer) == "Redis at redis://cache:1/2, prefix 'p:'"


@pytest.mark.parametrize(
    ("url", "is_warned"),
    [
        ("redis://:secret@cache", True),
        ("redis://cache/0?password=secret", True),
        ("redis://user@cache", False),
        ("redis://cache", False),
        ("unix:///run/redis.sock", False),
    ],
)
def test_a_password_in_the_command_line_is_warned_of(
    caplog: pytest.LogCaptureFixture, url: str, is_warned: bool
) -> None:
    cli.find_layer(options("--redis", url))
    assert ("which every user of this machine can read: give the URL by --redis-env" in caplog.text) == is_warned
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "no layer is given: name one as MODULE:LAYER, or a Redis with --redis, --redis-env or --redis-file"),
        (["--redis-env", "NO_SUCH_NAME"], "--redis-env NO_SUCH_NAME: there is no such variable"),
        (["--redis-file", "no/such/file"], "--redis-file no/such/file cannot be read: No such file"),
        (["--redis-file", "site_asgi.py", "--redis-env", "HOME"], "exclude each other: give one of them"),
        (["--redis-file", "site_asgi.py", "site_asgi:channel_layer"], "choose one"),
        (["--redis-file", "site_asgi.py"], "a Redis URL begins with redis://"),
        (["site_asgi:channel_layer", "--redis", "redis://h"], "choose one"),
        (["--redis", "http://h"], "http"),
        (["redis://:secret@h"], "the URL of a Redis goes to --redis"),
        (["redis://:secret@h", "--redis", "redis://h"], "choose one"),
        (["--redis", "redis://h", "--capacity", "0"], "capacity"),
        (["--redis", "redis://h", "-p", "70000"], "port"),
        (["--redis", "redis://h", "--access-log", "no/such/folder/log"], "access_log"),
    ],
)
def test_what_cannot_be_served_is_a_message_and_an_exit_code(
    served: list[tuple[Any, ...]], caplog: pytest.LogCaptureFixture, arguments: list[str], complaint: str
) -> None:
    assert cli.main(arguments) == ExitCode.USAGE
    assert complaint in caplog.text
    assert "secret" not in caplog.text
    assert "Traceback" not in caplog.text
    assert served == []


@pytest.mark.parametrize("arguments", [["-v", "9"], ["--channel-capacity", "a"], ["--no-such-option"], ["--por", "1"]])
def test_a_wrong_command_line_is_a_usage_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["--redis", "redis://h", *arguments])
    assert caught.value.code == ExitCode.USAGE
    assert "usage: towpath-interface" in capsys.readouterr().err


def test_flags_of_1_x_are_taken(served: list[tuple[Any, ...]]) -> None:
    old = ["--force-sync", "--proxy-headers", "--websocket_connect_timeout", "20", "--ws-protocol", "a", "--fd", "0"]
    assert cli.main(["site_asgi:channel_layer", *old]) == 0
    config = served[0][1]
    assert (config.fd, config.port, config.websocket_handshake_timeout_seconds) == (0, None, 20)


def test_the_access_log_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text("before\n")
    with ExitStack() as stack:
        log = cli.open_access_log(InterfaceConfig(access_log=str(path)), stack)
        log("websocket", "connected", {"path": "/", "client": None})
        assert path.read_text().startswith("before\n- - - [")


def test_the_access_log_may_be_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    with ExitStack() as stack:
        log = cli.open_access_log(InterfaceConfig(access_log="-"), stack)
        assert isinstance(log, AccessLog)
        log("websocket", "connected", {"path": "/", "client": None})
    assert "WSCONNECT /" in capfd.readouterr().out
    print("standard output is still open")  # noqa: T201
