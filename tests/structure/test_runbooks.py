"""The commands and questions of the operations guide; `tests/faults/test_questions.py` asks them of a real site."""

import re
import shlex
from pathlib import Path

import pytest
from django.core.management.base import CommandParser

from towpath.management.commands.towpath import Command

PAGES = ("runbooks.md", "operations.md", "containers.md", "troubleshooting.md")
#: A code span that is a command of `manage.py towpath` with its arguments.
COMMAND = re.compile(r"`manage\.py towpath ([^`\[]*)`")
#: What stands for a value in the pages.
PLACES = {"CHANNEL": "websocket.receive", "HOST:PID": "web1:4711", "N": "3", "SECONDS": "5", "...": ""}


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    return "\n".join((root / "docs" / page).read_text(encoding="utf-8") for page in PAGES)


def test_every_command_of_the_pages_is_one_that_the_parser_takes(text: str) -> None:
    parser = CommandParser(called_from_command_line=True)
    Command().add_arguments(parser)
    commands = {command.strip() for command in COMMAND.findall(text)}
    assert len(commands) > 10
    for command in commands:
        words = [PLACES.get(word, word) for word in shlex.split(command)]
        parser.parse_args([word for word in words if word])


def test_every_question_of_an_operator_has_a_command_or_a_panel(root: Path) -> None:
    rows = questions(root)
    assert len(rows) >= 20
    assert [question for question, answer in rows.items() if not re.search(r"`[^`]+`|\]\(", answer)] == []


def test_every_alert_has_a_runbook(root: Path) -> None:
    alerts = re.findall(r"- alert: (\w+)", (root / "deploy" / "monitoring" / "alerts.yml").read_text(encoding="utf-8"))
    page = (
        (root / "docs" / "runbooks.md").read_text(encoding="utf-8").partition("\n## Alerts\n")[2].partition("\n## ")[0]
    )
    assert len(alerts) > 5
    assert sorted(set(alerts) ^ set(re.findall(r"`(Towpath\w+)`", page))) == []


def test_every_scenario_has_a_test_that_exists(root: Path) -> None:
    tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (root / "docs" / "runbooks.md").read_text(encoding="utf-8"))
    assert len(tests) >= 8
    missing = [(file, name) for file, name in tests if f"def {name}(" not in (root / file).read_text(encoding="utf-8")]
    assert missing == []


def questions(root: Path) -> dict[str, str]:
    """Return the table of questions: question -> answer."""
    page = (root / "docs" / "runbooks.md").read_text(encoding="utf-8")
    lines = page.partition("\n## Questions\n")[2].partition("\n## ")[0].splitlines()
    rows = [line.strip("| ").split(" | ", 1) for line in lines if line.startswith("| ")]
    return dict(row for row in rows[1:])  # type: ignore[misc]
