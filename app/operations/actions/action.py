"""A subcommand of `manage.py towpath`, and the console that it writes to."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.core.management.base import CommandParser

from ..site import Site

Options = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Console:
    """The output of a subcommand: text for a person, or JSON for a program."""

    write: Callable[[str], object]
    is_json: bool

    def show(self, data: Callable[[], Any], text: Callable[[], str]) -> None:
        """Write one of both."""
        self.write(json.dumps(data(), indent=2) if self.is_json else text())

    def note(self, text: str) -> None:
        """Write a line about the progress; programs get none."""
        if not self.is_json:
            self.write(text)


class Action(ABC):
    """One subcommand; errors of the project are raised as `TowpathError`."""

    name: ClassVar[str]
    help: ClassVar[str]

    def add_arguments(self, parser: CommandParser) -> None:
        """Add its options."""
        parser.add_argument("--json", action="store_true", help="write JSON")

    @abstractmethod
    def run(self, site: Site, console: Console, options: Options) -> None:
        """Run the subcommand.

        Raises:
            OrderRefused, InvalidName, LayerUnavailable.
        """
