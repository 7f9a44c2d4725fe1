"""`docs/from-channels-1.md` says of every name what the command does with it, and its links lead somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import load_command_class

from towpath.interface import cli
from towpath.migrate import names
from towpath.migrate.cli import build_parser

DOCS = Path(__file__).parents[4] / "docs"
TEXT = (DOCS / "from-channels-1.md").read_text(encoding="utf-8")


def is_said(name: str) -> bool:
    return f"`{name}`" in TEXT


def test_every_name_that_changed_more_than_its_root_is_in_the_table() -> None:
    plain = {old for old, new in names.moved().items() if old.partition(".")[2] == new.partition(".")[2]}
    inside = {
        old for old in names.moved() if is_said(old.rpartition(".")[0]) and names.is_module(old.rpartition(".")[0])
    }
    assert sorted(old for old in set(names.moved()) - plain - inside if not is_said(old)) == []


def test_every_name_that_is_gone_is_in_the_table() -> None:
    assert sorted(old for old in names.undecided() if not is_said(old)) == []


def test_what_is_said_of_a_name_is_what_the_command_does() -> None:
    for old in re.findall(
        r"`((?:channels|asgi_\w+|asgiref|daphne)\.[\w.]+)`", TEXT.split("## What works differently")[0]
    ):
        assert names.look_up(old) is not None, old


@pytest.mark.parametrize("document", ["from-channels-1.md", "from-channels-4.md", "evidence/parity.md"])
def test_links_lead_somewhere(document: str) -> None:
    text = (DOCS / document).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [link for link in links if not (DOCS / document).parent.joinpath(link).exists()] == []


def test_the_options_are_those_of_the_command() -> None:
    said = set(re.findall(r"`(--(?:diff|check))` (?:shows|reports)", TEXT))
    assert said == {"--diff", "--check"} <= set(re.findall(r"(--\w+)", build_parser().format_help()))


def options_of_all_commands() -> Iterator[str]:
    commands = [load_command_class("towpath", name) for name in ("runworker", "runserver", "rundelay")]
    parsers = [command.create_parser("manage.py", "x") for command in commands]
    for parser in (build_parser(), cli.build_parser(), *parsers):
        for action in parser._actions:
            yield from action.option_strings


@pytest.mark.parametrize("document", ["from-channels-1.md", "from-channels-4.md", "evidence/parity.md"])
def test_every_option_that_is_named_is_one(document: str) -> None:
    text = (DOCS / document).read_text(encoding="utf-8")
    said = set(re.findall(r"(?<![\w|-])--[a-z][\w-]*", text))
    assert sorted(said - set(options_of_all_commands())) == []
