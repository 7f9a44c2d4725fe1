"""The commands and keys that a layer needs of Redis, tried in forms that change nothing.

`ACL DRYRUN` needs Redis 7, and a right that the user of a site should not have. Redis checks the rights of a user
before the arguments of a command, so that arguments without an effect show them on every release.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis.exceptions import ResponseError

from ..keys import Keys
from ..names import random_token
from .scripts import Command

#: The name of a channel and an inbox that no site uses: the keys of its probes.
PROBE = "towpath.check"
#: How long the one key that is written lives, in milliseconds.
PROBE_MS = 5_000


@dataclass(frozen=True, slots=True)
class Rights:
    """The commands, and the keys as patterns, that Redis refuses to the layer's user."""

    commands: Sequence[str] = ()
    keys: Sequence[str] = ()


def probes(keys: Keys) -> Mapping[str, Command]:
    """Return a command for each that the layer uses, by the name under which rights are given; none has an effect.

    The first writes a string that expires, so that commands for other types fail at it instead of writing.
    """
    taken, missing, member = keys.queue(PROBE), keys.inbox(PROBE), random_token()
    return {
        "set": ("SET", taken, "", "PX", PROBE_MS),
        **_reads(missing, member),
        **_writes(taken, missing, member),
        "eval": ("EVAL", "return 1", 0),
        "evalsha": ("EVALSHA", "0" * 40, 0),
        "script|load": ("SCRIPT", "LOAD", "return 1"),
        "client|id": ("CLIENT", "ID"),
        "client|unblock": ("CLIENT", "UNBLOCK", 0),
        "client|reply": ("CLIENT", "REPLY", "ON"),
        "ping": ("PING",),
        "time": ("TIME",),
        "info": ("INFO", "server"),
        "scan": ("SCAN", 0, "COUNT", 1),
        "del": ("DEL", taken),
    }


def _reads(missing: str, member: str) -> dict[str, Command]:
    """Return commands that read a key that is missing."""
    return {
        "exists": ("EXISTS", missing),
        "get": ("GET", missing),
        "getrange": ("GETRANGE", missing, 0, 1),
        "hexists": ("HEXISTS", missing, member),
        "hget": ("HGET", missing, member),
        "hgetall": ("HGETALL", missing),
        "hmget": ("HMGET", missing, member),
        "hscan": ("HSCAN", missing, 0),
        "lindex": ("LINDEX", missing, 0),
        "llen": ("LLEN", missing),
        "lrange": ("LRANGE", missing, 0, 0),
        "pttl": ("PTTL", missing),
        "scard": ("SCARD", missing),
        "smembers": ("SMEMBERS", missing),
        "zcard": ("ZCARD", missing),
        "zrange": ("ZRANGE", missing, 0, 0),
        "zrangebyscore": ("ZRANGEBYSCORE", missing, 0, 0),
        "zscore": ("ZSCORE", missing, member),
    }


def _writes(taken: str, missing: str, member: str) -> dict[str, Command]:
    """Return commands that have no effect on a key that is missing, or fail at the type of one that is there."""
    return {
        "blmove": ("BLMOVE", missing, missing, "LEFT", "LEFT", -1),  # a timeout that is refused: it would wait else
        "blpop": ("BLPOP", missing, -1),
        "expire": ("EXPIRE", missing, 1),
        "hdel": ("HDEL", missing, member),
        "hincrby": ("HINCRBY", taken, member, 1),
        "hset": ("HSET", taken, member, ""),
        "lpop": ("LPOP", missing),
        "lpush": ("LPUSH", taken, member),
        "lrem": ("LREM", missing, 1, member),
        "ltrim": ("LTRIM", missing, 0, 0),
        "pexpire": ("PEXPIRE", missing, 1),
        "rename": ("RENAME", missing, missing),
        "rpush": ("RPUSH", taken, member),
        "sadd": ("SADD", taken, member),
        "setrange": ("SETRANGE", missing, 0, ""),
        "srem": ("SREM", missing, member),
        "unlink": ("UNLINK", missing),
        "zadd": ("ZADD", missing, "XX", 0, member),
        "zrem": ("ZREM", missing, member),
        "zremrangebyscore": ("ZREMRANGEBYSCORE", missing, 0, 0),
    }


def key_probes(keys: Keys) -> Mapping[str, Command]:
    """Return a command for each kind of key, by a pattern of such keys; a member that is nowhere is removed from it."""
    member = random_token()
    return {
        f"{keys.prefix}{{<channel>}}:*": ("UNLINK", keys.queue(PROBE)),
        f"{keys.prefix}{{leases}}:*": ("ZREM", keys.leases("held"), member),
        f"{keys.prefix}{{towpath.processes}}:*": ("HDEL", keys.processes("records"), member),
    }


def refused(keys: Keys, answers: Sequence[Any]) -> Rights:
    """Return the rights that are missing, out of the answers to `probes` and `key_probes`, one after the other."""
    commands, patterns = list(probes(keys)), list(key_probes(keys))
    named = zip([*commands, *patterns], answers, strict=True)
    missing = [(name, str(answer)) for name, answer in named if _is_refusal(answer)]
    return Rights(
        commands=[name for name, text in missing if name in commands and not _is_about_keys(text)],
        keys=[name for name, _ in missing if name in patterns],
    )


def _is_refusal(answer: object) -> bool:
    return isinstance(answer, ResponseError) and str(answer).startswith("NOPERM")


def _is_about_keys(text: str) -> bool:
    """Return whether a key was refused, and not the command: of that all releases say that it may not "run"."""
    return "permissions to run" not in text
