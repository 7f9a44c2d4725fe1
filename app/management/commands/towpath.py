"""`manage.py towpath`: what an operator asks of a running site. The answers are made in `towpath.operations`."""

import json
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from towpath.channels.configured import DEFAULT_CHANNEL_LAYER, ConfiguredLayer
from towpath.layers.errors import LayerUnavailable
from towpath.layers.survey import Survey, survey_of
from towpath.routing import Router

from ...log import setup_logger
from ...operations.restart import Restart, RestartFailed
from ...operations.status import read_status, report
from ...project import project_router, shared_layer

#: How long one worker may take to finish what it took and to be replaced, in seconds: more than supervisors wait.
RESTART_SECONDS = 120.0


class Command(BaseCommand):
    """Shows and operates the processes of a channel layer."""

    help = "Shows the interface servers, workers and queues of a channel layer, and restarts its workers one by one."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        text = "the layer to look at (default: %(default)s)"
        parser.add_argument("--layer", default=DEFAULT_CHANNEL_LAYER, metavar="ALIAS", help=text)
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        status = actions.add_parser("status", help="Redis, interface servers, workers, queues")
        status.add_argument("--json", action="store_true", help="write JSON")
        restart = actions.add_parser("restart", help="restart the workers of this machine, one after the other")
        restart.add_argument(
            "--timeout",
            type=float,
            default=RESTART_SECONDS,
            metavar="SECONDS",
            help="how long each may take to stop and to be replaced (default: %(default)g)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        setup_logger(verbosity=options["verbosity"])
        layer = shared_layer(options["layer"], "this command")
        survey = survey_of(layer.channel_layer)
        if survey is None:
            raise CommandError(f"The channel layer {layer} cannot be looked at: it is not one of Redis")
        try:
            if options["action"] == "status":
                self._status(layer, survey, options["json"])
            else:
                self._restart(survey, options["timeout"])
        except (LayerUnavailable, RestartFailed) as error:
            raise CommandError(str(error)) from error

    def _status(self, layer: ConfiguredLayer, survey: Survey, as_json: bool) -> None:
        status = read_status(survey, routed_channels(layer))
        self.stdout.write(json.dumps(status.as_json(time.time()), indent=2) if as_json else report(status))

    def _restart(self, survey: Survey, timeout_seconds: float) -> None:
        count = Restart(survey, timeout_seconds, self.stdout.write).run()
        if not count:
            raise CommandError("No worker of this machine is running: there is nothing to restart")
        self.stdout.write(f"{count} workers were restarted")


def routed_channels(layer: ConfiguredLayer) -> set[str]:
    """Return the channels of the project's routing.

    Raises:
        CommandError: the routing is wrong.
    """
    router: Router = project_router(layer, False)
    return router.channels
