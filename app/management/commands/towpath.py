"""`manage.py towpath`: the commands of operators about a running site, implemented in `towpath.operations`."""

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from towpath.channels.configured import DEFAULT_CHANNEL_LAYER
from towpath.layers.errors import InvalidName, LayerUnavailable

from ...log import setup_logger
from ...operations.actions import ACTIONS, Console
from ...operations.restart import RestartFailed
from ...operations.site import OrderRefused, site_of
from ...project import shared_layer

#: As of a process that SIGPIPE ends: 128 and the number of the signal.
EXIT_BROKEN_PIPE = 141


class Command(BaseCommand):
    """Shows and operates the processes of a channel layer."""

    help = "Shows and operates the interface servers, workers and queues of a channel layer."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        text = "alias of the layer (default: %(default)s)"
        parser.add_argument("--layer", default=DEFAULT_CHANNEL_LAYER, metavar="ALIAS", help=text)
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        for action in ACTIONS:
            action.add_arguments(actions.add_parser(action.name, help=action.help))

    def handle(self, *args: Any, **options: Any) -> None:
        setup_logger(verbosity=options["verbosity"])
        [action] = [action for action in ACTIONS if action.name == options["action"]]
        try:
            site = site_of(shared_layer(options["layer"], "this command"))
            action.run(site, Console(self.stdout.write, options["json"]), options)
        except (InvalidName, LayerUnavailable, OrderRefused, RestartFailed) as error:
            raise CommandError(str(error)) from error
        except BrokenPipeError:  # the reader of the output, such as `head`, has ended
            close_output()
            sys.exit(EXIT_BROKEN_PIPE)


def close_output() -> None:
    """Let the flush at the exit write to nothing, which would fail once more."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)
