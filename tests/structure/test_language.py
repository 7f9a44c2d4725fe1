"""The language of docstrings, log and error messages and test names: words that docs/architecture.md replaces.

A short list of patterns, not a prose linter.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.once

#: Pattern -> what to write instead. No text may match.
REFUSED = {
    r"\b(farewells?|last words?)\b": "last will, last event",
    r"\b(graves?|bury|buried|buries)\b": "tombstone, forget",
    r"\b(dies?|died|dying|dead)\b": "expire, crash, stop, end",
    r"\b(calendars?|tickets?)\b": "due index, claim token",
    r"\b[Hh]and(s|ed|ing)? (on|over|back)\b|\bin hand\b": "deliver, pass on, requeue, in flight",
    r"\b([Gg]ive|gives|gave|given) back\b": "requeue, return",
    r"\b(Tell|Say) whether\b": "Return whether",
    r"(?<![Tt]here )\bis no (?!longer|more )(?=[a-z]+)": "is not a",
    r"(?:\A|(?<=\.)\s+)(What|Who|Whoever|Nobody|Somebody|Everybody)\b": "the noun of the field as the subject",
    r"\b(he|his|him)\b": "it, its",
    r"\b(is|are|was|were|be|been|goes|go|went) away\b": "unavailable, disconnects, drains",
    r"\b([Ww]hoever|[Nn]obody|[Ss]omebody|[Ee]verybody)\b": "the noun: a process, a client",
    r"\b(is|are|was|were) told\b|\b(hears?|heard|speaks?)\b": "notify, receive, log",
    r"\bso (long|many)\b(?! as)": "the number, or its name",
}

LOG_METHODS = {"debug", "info", "warning", "error", "exception", "critical"}


class Text(NamedTuple):
    """A text that people read, and where it is."""

    source: Path
    line: int
    text: str


@pytest.fixture(scope="module")
def texts(root: Path) -> list[Text]:
    return [text for source in sources(root) for text in texts_of(source)]


@pytest.mark.parametrize("pattern", REFUSED)
def test_no_text_has_a_refused_word(texts, pattern):
    found = matching(texts, pattern)
    assert not found, f"write: {REFUSED[pattern]}\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('"""Who dies."""', ["Who dies."]),
        ("def test_a_worker_dies(): pass", ["test a worker dies"]),
        ('logger.warning("worker %s died", name)', ["worker %s died"]),
        ('raise ValueError(f"{name} is no layer")', [" is no layer"]),
        ("dead = 1  # a name inside of code is not read by users", []),
    ],
)
def test_docstrings_messages_and_test_names_are_read(tmp_path, code, expected):
    source = tmp_path / "module.py"
    source.write_text(code, encoding="utf-8")
    assert [text.text for text in texts_of(source)] == expected


def sources(root: Path) -> list[Path]:
    """Return every module of this repository but projects that are as their authors wrote them."""
    folders = (
        "app",
        "bench",
        "channels",
        "deploy",
        "interface",
        "layers",
        "liveblog_example",
        "routing",
        "tests",
        "worker",
    )
    found = [source for folder in folders for source in (root / folder).rglob("*.py")]
    return [
        source
        for source in found
        if not {"project_1x", "originals", ".environments"} & set(source.parts) and source.name != "test_language.py"
    ]


def texts_of(source: Path) -> Iterator[Text]:
    """Yield the docstrings, messages and test names of a module."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        line = getattr(node, "lineno", 1)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node)
            if docstring:
                yield Text(source, line, docstring)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield Text(source, line, node.name.replace("_", " "))
        if is_message(node):
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield Text(source, part.lineno, part.value)


def is_message(node: ast.AST) -> bool:
    """Return whether a node raises or logs."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in LOG_METHODS
    return isinstance(node, ast.Raise) and node.exc is not None


def matching(texts: list[Text], pattern: str) -> list[str]:
    """Return where a pattern matches, with the words around it."""
    return [
        f"{text.source}:{text.line}: {text.text[max(0, match.start() - 40) : match.end() + 40]!r}"
        for text in texts
        for match in re.finditer(pattern, text.text)
    ]
