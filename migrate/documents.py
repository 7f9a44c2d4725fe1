"""Files of a project that are not Python: templates, scripts, requirements, process files. Read line by line.

The path of the JavaScript client is rewritten; everything else is named.
"""

import re
from collections.abc import Iterable
from fnmatch import fnmatch
from typing import NamedTuple

from .changes import Finding
from .module import Outcome

_OLD_SCRIPT = "channels/js/websocketbridge.js"
_NEW_SCRIPT = "towpath/websocketbridge.js"

_PAGES = ("*.html", "*.htm", "*.jinja", "*.jinja2", "*.j2", "*.haml", "*.pug")
_SCRIPTS = ("*.js", "*.mjs", "*.jsx", "*.ts", "*.tsx", "*.vue", "package.json")
_REQUIREMENTS = (
    "*requirements*.txt",
    "*requirements*.in",
    "Pipfile",
    "pyproject.toml",
    "setup.cfg",
)
_PROCESSES = ("Procfile*", "*.sh", "*.conf", "*.ini", "*.service", "*.yml", "*.yaml", "Dockerfile*", "Makefile")


class _Rule(NamedTuple):
    files: tuple[str, ...]
    line: re.Pattern[str]
    instead: str


#: Distributions of 1.x. The `asgiref` of today is Django's own.
_PACKAGES = r"channels|daphne|asgi[-_]redis|asgi[-_]ipc|asgi[-_]rabbitmq|asgiref(?=\s*[=~]=\s*1\.)"
_RULES = (
    _Rule(
        _SCRIPTS,
        re.compile(r"""["']django-channels["']"""),
        'import WebSocketBridge from "towpath", the folder that `manage.py findstatic towpath/package.json` names',
    ),
    _Rule(
        _REQUIREMENTS,
        re.compile(rf"""^\s*["']?({_PACKAGES})(\[[\w, -]*\])?\s*(["']?\s*[=<>~!]|["',]|$)""", re.IGNORECASE),
        "require towpath[speedups] in its place",
    ),
    _Rule(
        _PROCESSES,
        re.compile(r"(^|[\s/\"'\[=])daphne[\s\"',]"),
        "write towpath-interface with the same MODULE:LAYER; its options: towpath-interface --help",
    ),
    _Rule(
        (*_PROCESSES, ".env*", "*.env", "*.json", "*.toml"),
        re.compile(r"\b(asgi_redis|asgi_ipc|asgi_rabbitmq|asgiref\.inmemory)\.\w+"),
        "write towpath.layers.redis.RedisChannelLayer, or towpath.layers.memory.MemoryChannelLayer inside one process",
    ),
    _Rule(
        _PROCESSES,
        re.compile(r"\brundelay\b"),
        "take it out: workers hand delayed messages on themselves",
    ),
)
_NAMES = {pattern for rule in _RULES for pattern in rule.files} | set(_PAGES)


def is_document(name: str) -> bool:
    """Tell whether a file is looked at; `name` is that of its folder and its own, `requirements/base.txt`."""
    return _matches(name, _NAMES)


def migrate_document(text: str, name: str) -> Outcome:
    """Rewrite the text of a file called `name` (as in `is_document`), and name what is left to do."""
    rules = [rule for rule in _RULES if _matches(name, rule.files)]
    findings = tuple(
        Finding(number, line.strip(), rule.instead)
        for number, line in enumerate(text.splitlines(), 1)
        for rule in rules
        if rule.line.search(line) and not line.lstrip().startswith(("#", "//"))
    )
    is_page = _matches(name, (*_PAGES, *_SCRIPTS))
    return Outcome(text, text.replace(_OLD_SCRIPT, _NEW_SCRIPT) if is_page else text, findings)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    """Tell whether a pattern fits the file's own name, or its folder's and its own."""
    return any(fnmatch(name, pattern) or fnmatch(name.rpartition("/")[2], pattern) for pattern in patterns)
