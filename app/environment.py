"""Management commands whose options may come from the environment; see `towpath.interface.commandline.environment`."""

import logging
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from towpath.interface.commandline.environment import read_environment

log = logging.getLogger(__name__)

#: Options that every command of Django has. Some of them count before the command is known, so no variable gives them.
_DJANGO_OPTIONS = frozenset({"settings", "pythonpath", "traceback", "no_color", "force_color", "skip_checks"})


class EnvironmentCommand(BaseCommand):
    """A command whose options may also come from variables that begin with `environment_prefix`."""

    environment_prefix: str
    _warnings: tuple[str, ...] = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        self._warnings = tuple(
            read_environment(parser, self.environment_prefix, check=self._check, without=_DJANGO_OPTIONS)
        )
        return parser

    def check_option(self, option: str, value: Any) -> None:
        """Check the value that a variable gives to an option.

        Raises:
            ConfigurationError, CommandError: the value is not allowed.
        """

    def warn_of_unknown_variables(self) -> None:
        """Log the variables that begin with the prefix and are not options."""
        for warning in self._warnings:
            log.warning("%s", warning)

    def _check(self, option: str, value: Any) -> None:
        try:
            self.check_option(option, value)
        except CommandError as error:
            raise ValueError(str(error)) from error
