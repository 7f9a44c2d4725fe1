"""Distributions of 1.x that a project requires: one finding for each file names those to require, and those to remove.

In Python files, such as `setup.py`, a requirement is a string with a version, or one in a list that is called after
requirements.
"""

import re
from collections.abc import Iterable, Sequence

import libcst as cst

from .changes import Finding
from .reading import Reading, literal

#: The `asgiref` of today is Django's own.
_NAMES = (
    r"channels|daphne|asgi[-_]redis|asgi[-_]ipc|asgi[-_]rabbitmq|asgi[-_]amqp|asgiref(?=\s*[=~<]=?\s*[01](?:\.|\b))"
)
_VERSION = r"\s*(?:[=<>~!]=?|===)\s*[\w.*]"
#: A line that requires one: in a requirements file, under `deps` of tox, in a list of conda or pip, as a key of TOML.
_LINE = re.compile(
    rf"""^\s*(?:-\s*|[\w{{}},.!-]+:\s*|(?:deps|install_requires|requires)\s*=\s*)?["']?({_NAMES})(?:\[[\w, -]*\])?"""
    rf"""(?:["']?\s*(?:[=<>~!]|\(|$)|["']\s*(?:[,\]]|$)|,|\s*[;#])""",
    re.IGNORECASE,
)
#: One in quotes, somewhere in a line, with a version.
_QUOTED = re.compile(rf"""["']({_NAMES})(?:\[[\w, -]*\])?{_VERSION}[^"']*["']""", re.IGNORECASE)
_INSTALLED = re.compile(rf"""\bpip3?\s+install\b.*?[\s"']({_NAMES})(?![\w.-])""", re.IGNORECASE)
_WHOLE = re.compile(rf"({_NAMES})(?:\[[\w, -]*\])?(?:{_VERSION}.*)?\Z", re.IGNORECASE)
_WHOLE_WITH_VERSION = re.compile(rf"({_NAMES})(?:\[[\w, -]*\])?{_VERSION}.*\Z", re.IGNORECASE)
#: Names of lists in Python files that hold requirements.
_LISTS = re.compile(r"(?i)(requires?|requirements?|deps|extras)\w*\Z")

#: The name of a distribution in a file, and its line.
Required = tuple[int, str, str]


def required_by_line(number: int, line: str) -> Required | None:
    """Return the distribution of 1.x that a line of a requirements file requires; None if there is none."""
    match = _LINE.match(line) or _QUOTED.search(line)
    return None if match is None else (number, match[1], line.strip())


def installed_by_line(number: int, line: str) -> Required | None:
    """Return the distribution of 1.x that a command in a line installs; None if there is none."""
    match = _INSTALLED.search(line)
    return None if match is None else (number, match[1], line.strip())


def finding_for(required: Sequence[Required]) -> Iterable[Finding]:
    """Return one finding for all distributions of 1.x that a file requires; none if there are none."""
    if not required:
        return ()
    (line, name, what), *others = sorted(required)
    also = [f"{other} (line {number})" for number, other, _ in others if number != line or other != name]
    instead = "require towpath[speedups] in its place" + (f", and take out {', '.join(also)}" if also else "")
    return (Finding(line, what[:80], instead),)


class RequiredDistributions(Reading):
    """Finds requirements in Python files."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._required: list[Required] = []
        self._depth = 0

    def visit_Arg(self, node: cst.Arg) -> None:
        self._depth += _is_of_requirements(node.keyword)

    def leave_Arg(self, original_node: cst.Arg) -> None:
        self._depth -= _is_of_requirements(original_node.keyword)

    def visit_Assign(self, node: cst.Assign) -> None:
        self._depth += any(_is_of_requirements(target.target) for target in node.targets)

    def leave_Assign(self, original_node: cst.Assign) -> None:
        self._depth -= any(_is_of_requirements(target.target) for target in original_node.targets)

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        value = literal(node)
        match = (_WHOLE if self._depth else _WHOLE_WITH_VERSION).match(value) if value is not None else None
        if match is not None:
            self._required.append((self.line(node), match[1], match[0]))

    def leave_Module(self, original_node: cst.Module) -> None:
        self.findings += finding_for(self._required)


def _is_of_requirements(node: cst.BaseExpression | None) -> bool:
    return isinstance(node, cst.Name) and _LISTS.search(node.value) is not None
