"""The table of log messages: every message at WARNING or above has its cause and its remedy in the documentation."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from towpath.interface.counters import Count

LEVELS = {"warning", "error", "exception", "critical"}
LOGGERS = {"log", "logger"}
#: What stands for a value in the page.
VALUE = "…"
#: A span of the page is the beginning of a message, at least so long; its values may stand for more than one.
LEAST_LENGTH = 9
#: Modules whose message comes from elsewhere: an error that names itself, a warning about a variable.
PASSED_ON = {
    "app/environment.py",
    "interface/cli.py",
    "interface/conversation.py",
    "interface/counters.py",
    "interface/http/exchange.py",
    "interface/process/service.py",
    "layers/client_log.py",
    "worker/unanswered.py",
    "worker/verdicts.py",
}


@pytest.fixture(scope="module")
def messages(root: Path, folders: dict[str, str]) -> set[str]:
    """The messages of the library, with their values replaced, and the parts of the line about losses."""
    sources = [
        (source, source.relative_to(root).as_posix()) for each in folders for source in (root / each).rglob("*.py")
    ]
    found = {text for source, name in sources for text in messages_of(source.read_text(encoding="utf-8"), name)}
    return found | {count.value for count in Count}


@pytest.fixture(scope="module")
def spans(root: Path) -> list[str]:
    """The messages of the page: the code spans in the first cells of its tables."""
    lines = (root / "docs" / "troubleshooting.md").read_text(encoding="utf-8").splitlines()
    cells = [line.split(" | ")[0] for line in lines if line.startswith("| `")]
    return [span.removesuffix(VALUE).rstrip() for cell in cells for span in re.findall(r"`([^`]+)`", cell)]


def test_every_message_has_its_cause_and_its_remedy(messages: set[str], spans: list[str]) -> None:
    assert len(messages) > 80
    missing = sorted(message for message in messages if not any(begins(message, span) for span in spans))
    assert not missing, "write into docs/troubleshooting.md:\n" + "\n".join(missing)


def test_every_message_of_the_page_is_one_of_the_library(messages: set[str], spans: list[str]) -> None:
    assert [span for span in spans if len(span) < LEAST_LENGTH] == []
    assert [span for span in spans if not any(begins(message, span) for message in messages)] == []


def test_every_row_has_a_cause_and_a_remedy(root: Path) -> None:
    lines = (root / "docs" / "troubleshooting.md").read_text(encoding="utf-8").splitlines()
    rows = [line.strip("|").split(" | ") for line in lines if line.startswith("| `")]
    assert [row for row in rows if len(row) != 3 or not all(cell.strip() for cell in row)] == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('log.warning("%d lost of %.200r", 1, name)', ["… lost of …"]),
        ('log.exception("It failed:\\n%s", stack)', ["It failed:"]),
        ('lines.log(logging.ERROR, f"No route for {name}")', ["No route for …"]),
        ('log.info("Stopping")\nlog.log(logging.INFO, "x")\ntask.exception()', []),
    ],
)
def test_messages_are_read_with_their_values_replaced(code: str, expected: list[str]) -> None:
    assert list(messages_of(code, "module.py")) == expected


def begins(message: str, span: str) -> bool:
    """Return whether a message begins with a span, in which each value may stand for more than one."""
    return re.match(".*".join(map(re.escape, span.split(VALUE))), message) is not None


def messages_of(code: str, name: str) -> Iterator[str]:
    """Yield the messages at WARNING or above of a module; fail at one that cannot be read and is not passed on."""
    for node in ast.walk(ast.parse(code)):
        argument = logged(node)
        if argument is None:
            continue
        text = text_of(argument)
        if text is None or text == VALUE:
            assert name in PASSED_ON, f"{name}:{argument.lineno}: the message cannot be read from the source"
        else:
            yield text


def logged(node: ast.AST) -> ast.expr | None:
    """Return the message of a call that logs at WARNING or above; None for others."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
        return None
    if node.func.attr in LEVELS and isinstance(node.func.value, ast.Name) and node.func.value.id in LOGGERS:
        return node.args[0]
    if (
        node.func.attr == "log"
        and len(node.args) > 1
        and ast.unparse(node.args[0]) in ("logging.WARNING", "logging.ERROR")
    ):
        return node.args[1]
    return None


def text_of(argument: ast.expr) -> str | None:
    """Return the first line of a message, with its values replaced; None if it is not written there."""
    if isinstance(argument, ast.JoinedStr):
        parts = [str(part.value) if isinstance(part, ast.Constant) else VALUE for part in argument.values]
        text = "".join(parts)
    elif isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        text = re.sub(r"%[-#0 +]*\d*(\.\d+)?[a-zA-Z]", VALUE, argument.value).replace("%%", "%")
    else:
        return None
    return text.split("\n")[0]
