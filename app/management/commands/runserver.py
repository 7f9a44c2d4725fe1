"""`manage.py runserver`: interface server and workers in one process, restarted when code changes.

Addresses, the reloader and static files work as in Django's command, which it extends; instead of Django's server it
starts that of `towpath.development`.
"""

import os
import socket
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, NoReturn

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.management.commands.runserver import Command as DjangoCommand
from django.core.management.base import CommandError, CommandParser
from django.db import connections
from django.utils import autoreload

from towpath.channels.configured import DEFAULT_CHANNEL_LAYER, ConfiguredLayer
from towpath.interface.config import InterfaceConfig
from towpath.layers.errors import ConfigurationError, LayerUnavailable
from towpath.worker import WorkerPool

from ...actions import ActionLines
from ...development import DevelopmentServer, InterfaceThread
from ...development.listener import describe, open_listener
from ...log import setup_logger, setup_request_logger
from ...project import configured_layer, project_router
from ...settings import read_settings

#: Worker threads, unless --nothreading.
WORKER_THREADS = 4
#: Seconds that responses and sockets have to end: the reload after an edit waits for them.
GRACE_SECONDS = 1.0
#: The remedy in the error if the layer's store is unavailable.
_WITHOUT_REDIS = 'Start it, or develop without it: BACKEND "towpath.layers.memory.MemoryChannelLayer" needs no Redis.'
#: The logger of the line of each request.
REQUEST_LOGGER = "towpath.requests"


class Command(DjangoCommand):
    """Serves the project for development: HTTP, WebSockets, consumers and static files."""

    # Set by Django's `handle`, from addrport.
    addr: str
    port: str
    use_ipv6: bool
    _raw_ipv6: bool

    help = "Starts a development server that runs consumers and serves WebSockets; it restarts when code changes."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add = parser.add_argument
        add("--noworker", action="store_false", dest="run_worker", help="Runs no consumers: workers run elsewhere.")
        add("--noasgi", action="store_false", dest="use_asgi", help="Serves with Django's WSGI server, no channels.")
        seconds: dict[str, Any] = {"type": float, "metavar": "SECONDS"}
        text = "How long a request waits for its response (default: %(default)s)."
        add("--http_timeout", default=60, help=text, **seconds)
        text = "How long a WebSocket waits to be accepted (default: %(default)s)."
        add("--websocket_handshake_timeout", default=5, help=text, **seconds)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.config = InterfaceConfig(
                http_timeout_seconds=options["http_timeout"],
                websocket_handshake_timeout_seconds=options["websocket_handshake_timeout"],
                grace_seconds=GRACE_SECONDS,
            )
        except ConfigurationError as error:
            raise CommandError(str(error)) from error
        super().handle(*args, **options)

    def get_handler(self, *args: Any, **options: Any) -> Any:
        """Return Django's WSGI handler, for the times when this is Django's server."""
        use_static = options["use_static_handler"] and apps.is_installed("django.contrib.staticfiles")
        return super().get_handler(*args, **{**options, "use_static_handler": use_static})

    def inner_run(self, *args: Any, **options: Any) -> None:
        """Check the project and serve it, in the main thread or in a thread of the reloader."""
        if not options["use_asgi"] or DEFAULT_CHANNEL_LAYER not in (getattr(settings, "CHANNEL_LAYERS", None) or {}):
            super().inner_run(*args, **options)
            return
        autoreload.raise_last_exception()
        # As Django's command does before its server starts.
        if not options["skip_checks"]:
            self.stdout.write("Performing system checks...\n\n")
            self.check(display_num_errors=True)
        self.check_migrations()
        connections.close_all()
        layer = configured_layer(DEFAULT_CHANNEL_LAYER)
        try:
            listener = open_listener(self.addr, int(self.port), self.use_ipv6)
        except OSError as error:
            self._give_up(describe(error))
        port = listener.getsockname()[1]
        server = self._build_server(layer, listener, options)
        try:
            server.start()
        except LayerUnavailable as error:
            self._give_up(f"{str(error).rstrip('.')}. {_WITHOUT_REDIS}")
        except ConfigurationError as error:
            self._give_up(str(error))
        self._greet(layer, port)
        with suppress(KeyboardInterrupt):  # a second Ctrl-C: do not wait
            server.wait()
            server.stop()

    def _build_server(
        self, layer: ConfiguredLayer, listener: socket.socket, options: dict[str, Any]
    ) -> DevelopmentServer:
        setup_logger(verbosity=options["verbosity"])
        lines = ActionLines(setup_request_logger(REQUEST_LOGGER, options["verbosity"]))
        project = read_settings()
        config = replace(
            self.config,
            ws_protocols=project.ws_protocols,
            root_path=project.script_name,
            allowed_origins=project.allowed_origins,
            allowed_hosts=project.allowed_hosts,
        )
        interface = InterfaceThread(layer.channel_layer, config, listener, lines)
        return DevelopmentServer(interface, self._build_pool(layer, options) if options["run_worker"] else None)

    def _build_pool(self, layer: ConfiguredLayer, options: dict[str, Any]) -> WorkerPool:
        use_static = options["use_static_handler"] and (settings.DEBUG or options["insecure_serving"])
        router = project_router(layer, use_static and apps.is_installed("django.contrib.staticfiles"))
        return WorkerPool(layer, WORKER_THREADS if options["use_threading"] else 1, router)

    def _greet(self, layer: ConfiguredLayer, port: int) -> None:
        address = {"0": "0.0.0.0"}.get(self.addr, f"[{self.addr}]" if self._raw_ipv6 else self.addr)
        self.stdout.write(
            f"{datetime.now():%B %d, %Y - %X}\n"
            f"Django version {self.get_version()}, using settings {settings.SETTINGS_MODULE!r}\n"
            f"Channel layer {layer}\n"
            f"Starting Towpath's development server at {self.protocol}://{address}:{port}/\n"
            "Quit the server with CONTROL-C."
        )

    def _give_up(self, text: str) -> NoReturn:
        """Print the reason and end the process: in a thread of the reloader an exception would not end it."""
        self.stderr.write(f"Error: {text}")
        os._exit(1)
