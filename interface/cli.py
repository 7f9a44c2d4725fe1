"""The console script `towpath-interface`: an interface server without Django.

    towpath-interface mysite.asgi:channel_layer --port 8000
    towpath-interface --redis redis://127.0.0.1:6379/0 --port 8000
    towpath-interface --redis-env REDIS_URL --port 8000

The first form imports the project's layer, with the current folder first on the path; with a layer of the settings, the
settings for interface servers apply too. The second imports nothing of the project and reads no settings; its layer
options must be those of the workers. Each option may come from the environment (see `environment`). Logging is set up
here and nowhere else in this package.
"""

import argparse
import importlib
import importlib.util
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from towpath.layers.contract import ChannelLayer
from towpath.layers.errors import ConfigurationError
from towpath.layers.log_fields import TextFormatter

from .accesslog import AccessLog, ActionLogger, no_log
from .commandline.environment import INTERFACE_PREFIX, EnvironmentText, read_environment
from .commandline.log_format import add_log_format, use_log_format
from .commandline.options import add_options, check_option, config_from
from .commandline.redis_options import add_redis_options, check_redis_option, redis_layer, redis_url
from .config import InterfaceConfig
from .process.service import ExitCode, serve

log = logging.getLogger(__name__)

EXAMPLE = "mysite.asgi:channel_layer"
#: Options that name the layer, each in its own way.
WAYS_TO_A_LAYER = ("layer", "redis", "redis_env", "redis_file")
LEVELS = {0: logging.WARNING, 1: logging.INFO, 2: logging.DEBUG}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code (see `process.ExitCode`)."""
    parser = build_parser()
    warnings = read_environment(parser, INTERFACE_PREFIX, check=check_variable, without=frozenset({"force_sync"}))
    options = parser.parse_args(arguments)
    set_up_logging(options.verbosity)
    use_log_format(options.log_format)
    for warning in warnings:
        log.warning("%s", warning)
    prefer_command_line(options)
    try:
        config_from(options)  # a wrong option is reported before the project is imported
        layer = find_layer(options)
        use_log_format(options.log_format)  # again: a project sets up its own handlers when it is imported
        config = config_from(options, **project_options(layer))
        with ExitStack() as stack:
            return serve(layer, config, open_access_log(config, stack))
    except ConfigurationError as error:
        log.error("%s", error)
        return ExitCode.USAGE


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="towpath-interface",
        description="Serve HTTP and WebSockets for the workers of a channel layer.",
        allow_abbrev=False,
    )
    parser.add_argument("layer", nargs="?", metavar="MODULE:LAYER", help=f"the project's layer, as {EXAMPLE}")
    parser.add_argument("-v", "--verbosity", type=int, choices=LEVELS, default=1, help="0 warnings, 1 more, 2 all")
    add_log_format(parser)
    parser.add_argument("--force-sync", action="store_true", help=argparse.SUPPRESS)  # 1.x: polled the layer
    add_redis_options(parser.add_argument_group("a layer without a project", "with the options that the workers have"))
    add_options(parser)
    return parser


def check_variable(option: str, value: object) -> None:
    """Check the value that a variable of the environment gives to an option.

    Raises:
        ConfigurationError: the value is not allowed.
    """
    check_option(option, value)
    check_redis_option(option, value)


def prefer_command_line(options: argparse.Namespace) -> None:
    """Drop the layers that variables name, if the command line names one."""
    named = {name: value for name in WAYS_TO_A_LAYER if (value := getattr(options, name)) is not None}
    if any(not isinstance(value, EnvironmentText) for value in named.values()):
        for name, value in named.items():
            if isinstance(value, EnvironmentText):
                setattr(options, name, None)


def find_layer(options: argparse.Namespace) -> ChannelLayer:
    """Make or import the layer that the options name.

    Raises:
        ConfigurationError: there is none, two are named, or it cannot be used.
    """
    url = redis_url(options)
    if url is not None and options.layer is not None:
        raise ConfigurationError("both MODULE:LAYER and a Redis are given: choose one")
    if url is not None:
        return redis_layer(url, options)
    if options.layer is not None:
        return import_layer(options.layer)
    raise ConfigurationError(
        "no layer is given: name one as MODULE:LAYER, or a Redis with --redis, --redis-env or --redis-file"
    )


def project_options(layer: ChannelLayer) -> Mapping[str, Any]:
    """Return the options that the project's settings give; none for a layer that was made without Django.

    Raises:
        ConfigurationError: a setting has a wrong type.
    """
    return {} if layer.interface_options is None else layer.interface_options()


def import_layer(path: str) -> ChannelLayer:
    """Import `package.module:object`, with the current folder first on the path.

    Raises:
        ConfigurationError: there is no such module or object, or it is not a layer that other processes reach. Errors
            inside the module leave as they are.
    """
    if "://" in path:
        raise ConfigurationError(
            f"MODULE:LAYER is the path of a layer, as {EXAMPLE}; the URL of a Redis goes to --redis"
        )
    module_name, colon, name = path.partition(":")
    if not module_name or not colon or not name:
        raise ConfigurationError(f"{path!r} is not the path of a layer: expected MODULE:LAYER, as {EXAMPLE}")
    if os.getcwd() not in sys.path[:1]:
        sys.path.insert(0, os.getcwd())
    try:
        found = importlib.util.find_spec(module_name)
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise ConfigurationError(f"there is no module {module_name!r} (looked in {os.getcwd()} and the Python path)")
    layer: Any = importlib.import_module(module_name)
    for part in name.split("."):
        if not hasattr(layer, part):
            raise ConfigurationError(f"the module {module_name!r} has no {name!r}")
        layer = getattr(layer, part)
    return checked_layer(layer, path)


def checked_layer(layer: Any, path: str) -> ChannelLayer:
    """Return a layer itself, without the wrapper of `channel_layers`.

    Raises:
        ConfigurationError: it is not a layer, or is one in the memory of a single process.
    """
    layer = getattr(layer, "channel_layer", layer)
    if not isinstance(layer, ChannelLayer):
        raise ConfigurationError(f"{path} is a {type(layer).__name__}, not a channel layer")
    if "memory" in type(layer).__module__:
        raise ConfigurationError(f"{path} lives in the memory of one process, no worker would reach it: use Redis")
    return layer


def set_up_logging(verbosity: int) -> None:
    """Write log lines to stderr, Twisted's own from DEBUG only."""
    handler = logging.StreamHandler()
    handler.setFormatter(TextFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=LEVELS[verbosity], handlers=[handler])
    logging.getLogger("twisted").setLevel(logging.WARNING)


def open_access_log(config: InterfaceConfig, stack: ExitStack) -> ActionLogger:
    """Open the access log; `stack` closes its file.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    if config.access_log is None:
        return no_log
    if config.access_log == "-":
        return AccessLog(stack.enter_context(open(1, "a", buffering=1, closefd=False, encoding="utf-8")))
    try:
        return AccessLog(stack.enter_context(open(config.access_log, "a", buffering=1, encoding="utf-8")))
    except OSError as error:
        raise ConfigurationError(f"access_log cannot be {config.access_log!r}: {error.strerror}") from error


if __name__ == "__main__":
    sys.exit(main())
