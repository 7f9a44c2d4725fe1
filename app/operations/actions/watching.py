"""The subcommand that shows the site repeatedly."""

import json
import sys
import time
from importlib.util import find_spec

from django.core.management.base import CommandParser

from ..site import OrderRefused, Site
from ..status import read_status
from .action import Action, Console, Options

#: Seconds between two reads: the default, and the minimum.
INTERVAL_SECONDS, LEAST_INTERVAL_SECONDS = 2.0, 0.2
#: The message if the library of the screen is not installed.
NOT_INSTALLED = (
    "`top` needs a library that is not installed: pip install towpath[operations]. "
    "`manage.py towpath status` shows the same once"
)


class ShowTop(Action):
    """The state of the site, refreshed."""

    name = "top"
    help = "the state of the site on the terminal, refreshed until q or Ctrl-C"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        text = "seconds between two reads (default: %(default)g)"
        parser.add_argument("--interval", type=float, default=INTERVAL_SECONDS, metavar="SECONDS", help=text)

    def run(self, site: Site, console: Console, options: Options) -> None:
        interval = max(LEAST_INTERVAL_SECONDS, options["interval"])
        try:
            if not console.is_json:
                _show(site, interval)
                return
            # One line of JSON for each read.
            channels = site.channels
            while True:
                console.write(json.dumps(read_status(site.survey, channels).as_json(time.time())))
                time.sleep(interval)
        except KeyboardInterrupt:
            return


def _show(site: Site, interval: float) -> None:
    if find_spec("rich") is None:
        raise OrderRefused(NOT_INSTALLED)
    if not sys.stdout.isatty():
        raise OrderRefused("`top` needs a terminal: `top --json` and `status` write to files and pipes")
    from rich.console import Console as Terminal  # of the extra

    from ..keyboard import Keyboard
    from ..top import show

    with Keyboard() as keyboard:
        show(site, interval, Terminal(), keyboard)
