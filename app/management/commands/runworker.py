"""`manage.py runworker`: a process that runs consumers. The loop itself is `towpath.worker`."""

import logging
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError, CommandParser

from towpath.channels.configured import DEFAULT_CHANNEL_LAYER, AnyLayer, raw_layer
from towpath.interface.commandline.log_format import add_log_format, use_log_format
from towpath.layers.errors import ConfigurationError
from towpath.layers.tracing_extra import require_tracing
from towpath.worker import EXIT_STOPPED, Limits, WorkerPool
from towpath.worker.pool import check_threads
from towpath.worker.slow import DEFAULT_SECONDS, SlowConsumers
from towpath.worker.stop_signals import StopSignals

from ...environment import EnvironmentCommand
from ...log import setup_logger
from ...project import has_static_files, project_router, shared_layer

if TYPE_CHECKING:
    from towpath.worker.monitoring import PoolMonitor
    from towpath.worker.observer import Observer

log = logging.getLogger(__name__)

#: The lowest `-v` that logs each message.
VERBOSE = 2


class Command(EnvironmentCommand):
    """Runs workers on a channel layer until SIGTERM or Ctrl-C; then what was taken is finished."""

    help = (
        "Takes messages from a channel layer and runs their consumers, until SIGTERM or Ctrl-C: then it takes no more, "
        "finishes what it took and exits. It waits for a layer that is unavailable."
    )

    environment_prefix = "TOWPATH_WORKER_"

    def add_arguments(self, parser: CommandParser) -> None:
        add = parser.add_argument
        add(
            "--layer",
            default=DEFAULT_CHANNEL_LAYER,
            metavar="ALIAS",
            help="alias of the layer to serve (default: %(default)s)",
        )
        add("--threads", type=int, default=1, metavar="N", help="worker threads (default: %(default)s)")
        globs: dict[str, Any] = {"action": "append", "metavar": "GLOB"}
        add("--only-channels", help="take only from channels that match; may be repeated", **globs)
        add("--exclude-channels", help="do not take from channels that match; may be repeated", **globs)
        add_limits(parser)
        add(
            "--disable-graceful-stop",
            action="store_true",
            help="stop at once on a signal: running consumers are aborted, and taken messages are lost",
        )
        add_log_format(parser)
        add(
            "--tracing",
            choices=("on", "off"),
            default="off",
            metavar="on|off",
            help="trace messages by OpenTelemetry (default: %(default)s)",
        )
        add(
            "--metrics",
            metavar="ADDRESS",
            help="HOST:PORT or unix:PATH that serves /metrics, /metrics/layer, /live and /ready (default: none)",
        )

    def check_option(self, option: str, value: Any) -> None:
        if option == "layer":
            shared_layer(value, "a worker")
        elif option == "threads":
            check_threads(value)
        elif option == "slow_after":
            SlowConsumers(value)
        elif option == "metrics":
            _monitor(value)
        else:
            _limits({option: value})

    def execute(self, *args: Any, **options: Any) -> Any:
        """Handle signals before the project is loaded and checked: before messages are taken, they stop the process.

        Such a process has no work to finish, and ends with exit code 0.
        """
        with StopSignals(not options["disable_graceful_stop"]) as self._signals:
            self._signals.exit_code = EXIT_STOPPED
            return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        setup_logger(verbosity=options["verbosity"])
        use_log_format(options["log_format"])
        self.warn_of_unknown_variables()
        pool = self._build_pool(options)
        try:
            sys.exit(pool.run(signals=self._signals))
        except ConfigurationError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            log.info("Stopping at once: running consumers are aborted")

    def _build_pool(self, options: dict[str, Any]) -> WorkerPool:
        layer = shared_layer(options["layer"], "a worker")
        try:
            return WorkerPool(
                layer,
                options["threads"],
                project_router(layer, has_static_files()),
                callback=log_message if options["verbosity"] >= VERBOSE else None,
                only_channels=options["only_channels"],
                exclude_channels=options["exclude_channels"],
                limits=_limits(options),
                slow_seconds=options["slow_after"],
                monitor=_monitor(options["metrics"]),
                observe=_tracing(options["tracing"], layer),
            )
        except ConfigurationError as error:
            raise CommandError(str(error)) from error


def add_limits(parser: CommandParser) -> None:
    """Add the limits of consumers and of processes."""
    add = parser.add_argument
    add(
        "--message-timeout",
        type=float,
        metavar="SECONDS",
        help="limit for a consumer; after it the message is lost and the process is replaced (default: no limit)",
    )
    add(
        "--slow-after",
        type=float,
        default=DEFAULT_SECONDS,
        metavar="SECONDS",
        help="run time of a consumer from which its name and stack are logged (default: %(default)g)",
    )
    add(
        "--max-messages",
        type=int,
        metavar="N",
        help="stop cleanly, to be replaced, after this many messages, or up to a tenth fewer (default: no limit)",
    )
    add(
        "--max-memory",
        type=int,
        metavar="MIB",
        help="stop cleanly, to be replaced, above this amount of memory (default: no limit)",
    )


def _monitor(address: str | None) -> "PoolMonitor | None":
    if address is None:
        return None
    from towpath.worker.monitoring import PoolMonitor

    return PoolMonitor(address)


def _tracing(tracing: str, layer: AnyLayer) -> "Callable[[], Observer] | None":
    if tracing == "off":
        return None
    require_tracing()
    from towpath.layers.tracing import CurrentTrace, warn_without_sdk
    from towpath.worker.tracing import WorkerTracing

    warn_without_sdk()
    raw_layer(layer).tracing = CurrentTrace()
    return WorkerTracing


def _limits(options: Mapping[str, Any]) -> Limits:
    return Limits(options.get("max_messages"), options.get("max_memory"), options.get("message_timeout"))


def log_message(channel: str, message: object) -> None:
    """Log one line for a message before its consumer runs; its content is not logged."""
    log.info("Message on %s", channel)
