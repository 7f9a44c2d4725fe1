"""The options of a layer without a project: the URL of its Redis, and the configuration that workers use, too.

The command lines of processes are visible to every user of a machine, so a URL with a password comes from an
environment variable or from a file.
"""

import argparse
import logging
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from towpath.layers.contract import ChannelLayer
from towpath.layers.errors import ConfigurationError

from .environment import EnvironmentText

log = logging.getLogger(__name__)

_LAYER_OPTIONS = ("prefix", "expiry", "group_expiry", "capacity", "channel_capacity")


def add_redis_options(group: "argparse._ArgumentGroup") -> None:
    """Add the options to a group of a parser."""
    group.add_argument("--redis", metavar="URL", help="URL of a Redis layer, instead of MODULE:LAYER")
    group.add_argument("--redis-env", metavar="NAME", help="the same; the URL is in an environment variable")
    group.add_argument("--redis-file", metavar="PATH", help="the same; the URL is the only content of a file")
    group.add_argument("--prefix", help="prefix of its keys", default=argparse.SUPPRESS)
    group.add_argument("--expiry", type=float, metavar="SECONDS", help="of its messages", default=argparse.SUPPRESS)
    group.add_argument("--group-expiry", type=float, metavar="SECONDS", help="of its groups", default=argparse.SUPPRESS)
    group.add_argument("--capacity", type=int, metavar="N", help="of its channels", default=argparse.SUPPRESS)
    group.add_argument(
        "--channel-capacity",
        action="append",
        type=_pattern_and_number,
        metavar="PATTERN=N",
        help="capacity of the channels that match; may be repeated, and the first match counts",
        default=argparse.SUPPRESS,
    )


def redis_url(options: argparse.Namespace) -> str | None:
    """Return the URL of Redis in the options; None without one.

    Raises:
        ConfigurationError: there are several, or the variable or file has none.
    """
    given = [name for name in ("redis", "redis_env", "redis_file") if getattr(options, name) is not None]
    if len(given) > 1:
        raise ConfigurationError("--redis, --redis-env and --redis-file exclude each other: give one of them")
    if options.redis_env is not None:
        return _from_environment(options.redis_env)
    if options.redis_file is not None:
        return _from_file(options.redis_file)
    if options.redis is not None and not isinstance(options.redis, EnvironmentText) and _has_password(options.redis):
        log.warning(
            "The password of Redis is in the command line, which every user of this machine can read: give the URL "
            "by --redis-env NAME or --redis-file PATH"
        )
    url: str | None = options.redis
    return url


def redis_layer(url: str, options: argparse.Namespace) -> ChannelLayer:
    """Make a Redis layer from the options.

    Raises:
        ConfigurationError: one of them is wrong.
    """
    from towpath.layers.redis import RedisChannelLayer

    given = vars(options)
    config: dict[str, Any] = {name: given[name] for name in _LAYER_OPTIONS if name in given}
    if "channel_capacity" in config:
        config["channel_capacity"] = dict(config["channel_capacity"])
    return RedisChannelLayer(hosts=[url], **config)


def check_redis_option(option: str, value: object) -> None:
    """Check the value of one option, if it is one of a layer.

    Raises:
        ConfigurationError: the value is not allowed.
    """
    if option in _LAYER_OPTIONS:
        redis_layer("redis://127.0.0.1", argparse.Namespace(**{option: value}))
    elif option == "redis":
        redis_layer(str(value), argparse.Namespace())


def _from_environment(name: str) -> str:
    url = os.environ.get(name, "").strip()
    if not url:
        raise ConfigurationError(f"--redis-env {name}: there is no such variable in the environment, or it is empty")
    return url


def _from_file(path: str) -> str:
    try:
        url = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text in UTF-8"
        raise ConfigurationError(f"--redis-file {path} cannot be read: {reason}") from None
    if not url:
        raise ConfigurationError(f"--redis-file {path} is empty: write the URL of Redis into it")
    return url


def _has_password(url: str) -> bool:
    try:
        return urlsplit(url).password is not None or "password=" in url
    except ValueError:  # the error of the layer has the reason
        return False


def _pattern_and_number(text: str) -> tuple[str, int]:
    pattern, _, number = text.rpartition("=")
    if not pattern or not number.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not PATTERN=N, such as http.request=500")
    return pattern, int(number)
