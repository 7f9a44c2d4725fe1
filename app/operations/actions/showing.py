"""Subcommands that only read."""

import time
from dataclasses import asdict

from django.core.management.base import CommandParser

from towpath.layers.names import check_channel_name

from .. import queues
from ..site import Site
from ..status import read_status, report
from .action import Action, Console, Options

#: The number of messages and groups that are shown by default.
MESSAGES, GROUPS = 10, 100


def add_limit(parser: CommandParser, default: int) -> None:
    """Add the option that bounds the output."""
    parser.add_argument(
        "--limit", type=int, default=default, metavar="N", help="maximum number of rows (default: %(default)s)"
    )


class ShowStatus(Action):
    """The state of the site."""

    name = "status"
    help = "Redis, interface servers, workers, queues"

    def run(self, site: Site, console: Console, options: Options) -> None:
        status = read_status(site.survey, site.channels)
        console.show(lambda: status.as_json(time.time()), lambda: report(status))


class ShowChannels(Action):
    """Each channel."""

    name = "channels"
    help = "each channel with its queue and its workers"

    def run(self, site: Site, console: Console, options: Options) -> None:
        states = queues.channel_states(site.survey, site.channels)
        console.show(lambda: states, lambda: queues.channels_report(states))


class ShowGroups(Action):
    """Groups."""

    name = "groups"
    help = "groups with the numbers of their members"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_limit(parser, GROUPS)

    def run(self, site: Site, console: Console, options: Options) -> None:
        found, is_cut = site.survey.groups(max(1, options["limit"]))
        groups = [asdict(group) for group in found]
        console.show(lambda: {"groups": groups, "more": is_cut}, lambda: queues.groups_report(found, is_cut))


class ShowMessages(Action):
    """Messages that wait."""

    name = "peek"
    help = "the oldest messages of a channel, which stay there"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("channel", metavar="CHANNEL")
        add_limit(parser, MESSAGES)

    def run(self, site: Site, console: Console, options: Options) -> None:
        messages = site.survey.peek(check_channel_name(options["channel"]), max(1, options["limit"]))
        console.show(lambda: queues.messages_json(messages), lambda: queues.messages_report(messages))
