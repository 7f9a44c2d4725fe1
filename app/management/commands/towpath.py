"""`manage.py towpath`: what an operator asks of a running site. The answers are made in `towpath.operations`."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from towpath.channels.configured import DEFAULT_CHANNEL_LAYER, ConfiguredLayer
from towpath.layers.errors import InvalidName, LayerUnavailable
from towpath.layers.names import check_channel_name
from towpath.layers.survey import Survey, survey_of

from ...log import setup_logger
from ...operations import queues
from ...operations.restart import Restart, RestartFailed
from ...operations.status import read_status, report
from ...project import project_router, shared_layer

#: How long one worker may take to finish what it took and to be replaced, in seconds: more than supervisors wait.
RESTART_SECONDS = 120.0
#: Messages and groups that are shown unless an option says otherwise.
MESSAGES, GROUPS = 10, 100

Options = dict[str, Any]


class Command(BaseCommand):
    """Shows and operates the processes of a channel layer."""

    help = "Shows the interface servers, workers and queues of a channel layer, and restarts its workers one by one."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        text = "the layer to look at (default: %(default)s)"
        parser.add_argument("--layer", default=DEFAULT_CHANNEL_LAYER, metavar="ALIAS", help=text)
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        status = actions.add_parser("status", help="Redis, interface servers, workers, queues")
        channels = actions.add_parser("channels", help="each channel with its queue and its workers")
        groups = actions.add_parser("groups", help="groups with the numbers of their members")
        groups.add_argument("--limit", type=int, default=GROUPS, metavar="N", help="at most (default: %(default)s)")
        peek = actions.add_parser("peek", help="the oldest messages of a channel, which stay there")
        peek.add_argument("channel", metavar="CHANNEL")
        peek.add_argument("--limit", type=int, default=MESSAGES, metavar="N", help="at most (default: %(default)s)")
        for each in (status, channels, groups, peek):
            each.add_argument("--json", action="store_true", help="write JSON")
        purge = actions.add_parser("purge", help="drop the messages that wait in a channel")
        purge.add_argument("channel", metavar="CHANNEL")
        purge.add_argument("--yes", action="store_true", help="do it; without, only the number is shown")
        restart = actions.add_parser("restart", help="restart the workers of this machine, one after the other")
        text = "how long each may take to stop and to be replaced (default: %(default)g)"
        restart.add_argument("--timeout", type=float, default=RESTART_SECONDS, metavar="SECONDS", help=text)

    def handle(self, *args: Any, **options: Any) -> None:
        setup_logger(verbosity=options["verbosity"])
        layer = shared_layer(options["layer"], "this command")
        survey = survey_of(layer.channel_layer)
        if survey is None:
            raise CommandError(f"The channel layer {layer} cannot be looked at: it is not one of Redis")
        try:
            ACTIONS[options["action"]](self, layer, survey, options)
        except (InvalidName, LayerUnavailable, RestartFailed) as error:
            raise CommandError(str(error)) from error

    def status(self, layer: ConfiguredLayer, survey: Survey, options: Options) -> None:
        """Show the state of the site."""
        status = read_status(survey, routed_channels(layer))
        self._write(options, lambda: status.as_json(time.time()), lambda: report(status))

    def channels(self, layer: ConfiguredLayer, survey: Survey, options: Options) -> None:
        """Show each channel."""
        states = queues.channel_states(survey, routed_channels(layer))
        self._write(options, lambda: states, lambda: queues.channels_report(states))

    def groups(self, layer: ConfiguredLayer, survey: Survey, options: Options) -> None:
        """Show groups."""
        found, is_cut = survey.groups(options["limit"])
        groups = [asdict(group) for group in found]
        self._write(options, lambda: {"groups": groups, "more": is_cut}, lambda: queues.groups_report(found, is_cut))

    def peek(self, layer: ConfiguredLayer, survey: Survey, options: Options) -> None:
        """Show messages that wait."""
        messages = survey.peek(check_channel_name(options["channel"]), max(1, options["limit"]))
        self._write(options, lambda: queues.messages_json(messages), lambda: queues.messages_report(messages))

    def purge(self, layer: ConfiguredLayer, survey: Survey, options: Options) -> None:
        """Drop messages that wait."""
        channel = check_channel_name(options["channel"])
        if not options["yes"]:
            [queue] = survey.queues([channel])
            raise CommandError(f"{queue.depth} messages wait in {channel}: --yes drops them")
        self.stdout.write(f"{survey.purge(channel)} messages of {channel} were dropped")

    def restart(self, layer: ConfiguredLayer, survey: Survey, options: Options) -> None:
        """Restart the workers of this machine."""
        count = Restart(survey, options["timeout"], self.stdout.write).run()
        if not count:
            raise CommandError("No worker of this machine is running: there is nothing to restart")
        self.stdout.write(f"{count} workers were restarted")

    def _write(self, options: Options, data: Callable[[], Any], text: Callable[[], str]) -> None:
        self.stdout.write(json.dumps(data(), indent=2) if options["json"] else text())


ACTIONS: dict[str, Callable[[Command, ConfiguredLayer, Survey, Options], None]] = {
    "status": Command.status,
    "channels": Command.channels,
    "groups": Command.groups,
    "peek": Command.peek,
    "purge": Command.purge,
    "restart": Command.restart,
}


def routed_channels(layer: ConfiguredLayer) -> set[str]:
    """Return the channels of the project's routing.

    Raises:
        CommandError: the routing is wrong.
    """
    return project_router(layer, False).channels
