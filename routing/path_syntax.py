r"""Django's path syntax in the filter `path`, beside regular expressions: `path="/chat/<slug:room>/"`.

A str for `path` with a `<` that does not follow a backslash, `(?` or `(?P` is a path. Any other value is a regular
expression, as in 1.x: all other filters, all bytes, and a path without a parameter. A value that could be both is an
error that gives both spellings.

A path matches the whole value, the path of an `include` its beginning. Converters are Django's and the project's own.
"""

import re
from collections.abc import Mapping
from typing import Any, Protocol

from django.core.exceptions import ImproperlyConfigured
from django.urls.converters import StringConverter, get_converters
from django.urls.resolvers import RoutePattern

from .errors import RoutingError

#: The one filter that may be a path.
PATH_KEY = "path"

#: A < that belongs to no group of a regular expression.
_BRACKET = re.compile(r"(?<!\\)(?<!\(\?)(?<!\(\?P)<")
_PARAMETER = re.compile(_BRACKET.pattern + r"(?:(?P<converter>[^<>:]*):)?(?P<name>[^<>]*)>")
_OF_EXPRESSIONS = frozenset("\\^$()[]{}|*+?")


class Converter(Protocol):
    """Converts the text that a parameter matched to a keyword argument."""

    def to_python(self, value: str) -> Any:
        """Return the argument.

        Raises:
            ValueError: the text is not a valid value; the route does not match.
        """


def is_path(key: str, pattern: str | bytes, owner: str) -> bool:
    """Return whether a filter is a path, rather than a regular expression.

    Raises:
        RoutingError: it looks like a path, but is bytes.
    """
    text = pattern if isinstance(pattern, str) else pattern.decode("latin-1")
    if key != PATH_KEY or _BRACKET.search(text) is None:
        return False
    if isinstance(pattern, bytes):
        raise RoutingError(
            f"{owner}: bytes are a regular expression, and {pattern!r} is in Django's path syntax: write {text!r}; "
            r"in a regular expression, a < of its own is \<"
        )
    return True


def compile_path(path: str, owner: str, is_prefix: bool) -> tuple[re.Pattern[str], dict[str, Converter]]:
    """Return the regular expression of a path, and the converters of the parameters that are not text.

    Raises:
        RoutingError: it is not a path; says what to write instead.
    """
    converters = _converters(path, owner)
    _check_rest(path, owner)
    try:
        pattern = RoutePattern(path, is_endpoint=not is_prefix)
        expression: re.Pattern[str] = pattern.regex
    except (ImproperlyConfigured, re.error) as error:
        raise RoutingError(f"{owner}: the path {path!r} cannot be used: {error}") from error
    if set(expression.groupindex) != set(converters):
        raise RoutingError(
            f"{owner}: a converter of the path {path!r} has named groups of its own: use (?:...) in its regex"
        )
    return expression, {name: each for name, each in converters.items() if not _keeps_text(each)}


def can_begin_with_slash(path: str) -> bool:
    """Return whether a path that can be compiled matches anything with a slash at its beginning."""
    first = _PARAMETER.match(path)
    if first is None:
        return path.startswith("/")
    return re.match(get_converters()[first["converter"] or "str"].regex, "/") is not None


def converted(groups: dict[str, Any], converters: Mapping[str, Converter]) -> bool:
    """Convert the groups in place; False if a value is not valid."""
    try:
        for name, converter in converters.items():
            groups[name] = converter.to_python(groups[name])
    except ValueError:
        return False
    return True


def _converters(path: str, owner: str) -> dict[str, Converter]:
    known = get_converters()
    found: dict[str, Converter] = {}
    for parameter in _PARAMETER.finditer(path):
        kind = "str" if parameter["converter"] is None else parameter["converter"]
        name = parameter["name"]
        if not name.isidentifier():
            raise RoutingError(
                f"{owner}: in the path {path!r}, {parameter[0]!r} names no keyword argument: "
                "write <slug:room>, converter and name without spaces"
            )
        if kind not in known:
            raise RoutingError(
                f"{owner}: the path {path!r} has the unknown converter {kind!r}: there are {', '.join(sorted(known))}; "
                "register one of your own with django.urls.register_converter before the routes are made"
            )
        if name in found:
            raise RoutingError(f"{owner}: the path {path!r} has two parameters {name!r}: give each a name of its own")
        found[name] = known[kind]
    return found


def _check_rest(path: str, owner: str) -> None:
    """Check that the parts between the parameters are plain text."""
    rest = _PARAMETER.sub("", path)
    if signs := sorted(_OF_EXPRESSIONS.intersection(rest)):
        plain = "".join(sign for sign in path if sign not in _OF_EXPRESSIONS)
        instead = f"the regular expression r'{_as_expression(path)}'"
        if "(" not in signs:
            instead = f"the path {plain!r}, or {instead}"
        raise RoutingError(
            f"{owner}: '{path}' mixes Django's path syntax with signs of a regular expression ({' '.join(signs)}): "
            f"write {instead}; in a regular expression, a < of its own is "
            r"\<"
        )
    if "<" in rest or ">" in rest:
        raise RoutingError(f"{owner}: the path {path!r} has a < or > that closes nothing: write <slug:room>")


def _as_expression(path: str) -> str:
    known = get_converters()
    return _PARAMETER.sub(lambda found: f"(?P<{found['name']}>{known[found['converter'] or 'str'].regex})", path)


def _keeps_text(converter: Converter) -> bool:
    return type(converter).to_python is StringConverter.to_python
