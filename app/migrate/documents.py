"""Files of a project that are not Python: templates, scripts, requirements, process files. Read line by line.

The path of the JavaScript client is rewritten; all else is named. A template of a file, such as `site.conf.j2` or
`settings.py-tpl`, is read as the resulting file.
"""

import re
from collections.abc import Iterable
from fnmatch import fnmatch
from typing import NamedTuple

from .changes import Finding
from .distributions import finding_for, installed_by_line, required_by_line
from .module import Outcome
from .strings import SERVER_COMMAND

_OLD_SCRIPT = "channels/js/websocketbridge.js"
_NEW_SCRIPT = "towpath/websocketbridge.js"

_PAGES = ("*.html", "*.htm", "*.jinja", "*.jinja2", "*.j2", "*.haml", "*.pug", "*.djhtml", "*.mako", "*.slim")
_SCRIPTS = ("*.js", "*.mjs", "*.jsx", "*.ts", "*.tsx", "*.vue", "*.svelte", "*.coffee", "package.json", "bower.json")
_REQUIREMENTS = (
    "*requirements*.txt",
    "*requirements*.in",
    "*constraints*.txt",
    "*/requirements/*.txt",
    "Pipfile",
    "pyproject.toml",
    "setup.cfg",
    "tox.ini",
    "*environment*.yml",
    "*environment*.yaml",
    "conda*.yml",
    "conda*.yaml",
    "meta.yaml",
)
_PROCESSES = (
    "Procfile*",
    "*.sh",
    "*.bash",
    "*.bat",
    "*.ps1",
    "*.conf",
    "*.ini",
    "*.cfg",
    "*.service",
    "*.yml",
    "*.yaml",
    "*.toml",
    "app.json",
    "Dockerfile*",
    "*.dockerfile",
    "Makefile",
    "*.mk",
    "justfile",
)
#: Endings of templates of files.
_TEMPLATES = re.compile(r"(?:\.(?:j2|jinja2?|tmpl|tpl|template|erb|dist|example|sample|in)|-tpl|_tmpl|-template)\Z")
_PYTHON = ("*.py",)


class _Rule(NamedTuple):
    files: tuple[str, ...]
    line: re.Pattern[str]
    instead: str


_RULES = (
    _Rule(
        (*_SCRIPTS, *_PAGES),
        re.compile(r"""["'/]django-channels(?:["'@/]|$)"""),
        'import WebSocketBridge from "towpath", the folder that `manage.py findstatic towpath/package.json` names',
    ),
    _Rule(
        # The program, with options or MODULE:LAYER behind it; not a service, a host or an upstream of that name.
        _PROCESSES,
        re.compile(r"""(?:^|[\s/"'\[=(;&|])daphne(?:\s+|["'],\s*)["']?(?:-|[\w.]+:[\w.]|\\$|\$|%|\{\{)"""),
        SERVER_COMMAND,
    ),
    _Rule(
        (*_PROCESSES, ".env*", "*.env", "*.json"),
        re.compile(r"\b(asgi_redis|asgi_ipc|asgi_rabbitmq|asgi_amqp|asgiref\.inmemory)\.\w+"),
        "write towpath.layers.redis.RedisChannelLayer, or towpath.layers.memory.MemoryChannelLayer inside one process",
    ),
    _Rule(
        _PROCESSES,
        re.compile(r"\brundelay\b"),
        "take it out: workers hand delayed messages on themselves",
    ),
    _Rule(
        _PYTHON,
        re.compile(
            r"""\b(?:from|import)\s+(?:channels|asgi_redis|asgiref\.(?:inmemory|base_layer)|daphne)\b"""
            r"""|["'](?:channels|(?:channels|asgi_\w+|asgiref)\.[\w.]+)["']"""
        ),
        "write towpath in its place, as in the Python files: a template is not rewritten",
    ),
)
_NAMES = {pattern for rule in _RULES for pattern in rule.files} - {*_PYTHON} | {*_PAGES, *_REQUIREMENTS}


def is_document(name: str) -> bool:
    """Return whether a file is read; `name` is that of its folder and its own, `requirements/base.txt`."""
    plain = _without_ending(name)
    return _matches(name, _NAMES) or (plain != name and _matches(plain, (*_NAMES, *_PYTHON)))


def migrate_document(text: str, name: str) -> Outcome:
    """Rewrite the text of a file called `name` (as in `is_document`), and name the manual changes."""
    names = {name, _without_ending(name)}
    rules = [rule for rule in _RULES if any(_matches(each, rule.files) for each in names)]
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if not line.lstrip().startswith(("#", "//", "REM ", ";"))
    ]
    findings = [
        Finding(number, line.strip(), rule.instead)
        for number, line in lines
        for rule in rules
        if rule.line.search(line)
    ]
    read = [required_by_line] if any(_matches(each, _REQUIREMENTS) for each in names) else []
    read += [installed_by_line] if any(_matches(each, _PROCESSES) for each in names) else []
    required = [found for number, line in lines for look in read if (found := look(number, line)) is not None]
    findings += finding_for(required)
    is_page = any(_matches(each, (*_PAGES, *_SCRIPTS)) for each in names)
    return Outcome(text, text.replace(_OLD_SCRIPT, _NEW_SCRIPT) if is_page else text, tuple(findings))


def _without_ending(name: str) -> str:
    """Return the name of a template's resulting file."""
    return _TEMPLATES.sub("", name)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    """Return whether a pattern fits the file's own name, or its folder's and its own."""
    return any(fnmatch(name, pattern) or fnmatch(name.rpartition("/")[2], pattern) for pattern in patterns)
