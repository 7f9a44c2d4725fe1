"""`manage.py runserver`: interface server and workers in one process, restarted when code changes.

It is Django's own command up to the point where a server would be started, so addresses, checks, the reloader and static
files work as they do there; what is started instead is in `towpath.development`.
"""

import errno
import os
import socket
import sys
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.management.commands.runserver import Command as DjangoCommand
from django.core.management.base import CommandError, CommandParser
from django.db import connections
from django.utils import autoreload

from towpath.channels.configured import DEFAULT_CHANNEL_LAYER, ConfiguredLayer, channel_layers

from ...project import configured_layer

#: Worker threads, unless --nothreading.
WORKER_THREADS = 4
#: What Django says to the errors of a port that cannot be opened.
PORT_ERRORS = {
    errno.EACCES: "You don't have permission to access that port.",
    errno.EADDRINUSE: "That port is already in use.",
    errno.EADDRNOTAVAIL: "That IP address can't be assigned to.",
}


class Command(DjangoCommand):
    """Serves the project for development: HTTP, WebSockets, consumers and static files."""

    help = "Starts a development server with consumers and WebSockets; it restarts when code changes."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add = parser.add_argument
        add("--noworker", action="store_false", dest="run_worker", help="Do not run consumers: workers run elsewhere.")
        add("--noasgi", action="store_false", dest="use_asgi", help="Serve with Django's WSGI server, without channels.")
        add("--http_timeout", type=float, default=60, metavar="SECONDS", help="Until a request without answer ends.")
        add(
            "--websocket_handshake_timeout",
            type=float,
            default=5,
            metavar="SECONDS",
            help="Until a WebSocket that no consumer accepts is refused.",
        )

    def get_handler(self, *args: Any, **options: Any) -> Any:
        """Return Django's WSGI handler, for the times when this is Django's server."""
        use_static = options["use_static_handler"] and "django.contrib.staticfiles" in settings.INSTALLED_APPS
        return super().get_handler(*args, **{**options, "use_static_handler": use_static})

    def inner_run(self, *args: Any, **options: Any) -> None:
        """Check the project and serve it, in the reloader's thread or in the main one."""
        if not options["use_asgi"] or DEFAULT_CHANNEL_LAYER not in channel_layers:
            super().inner_run(*args, **options)
            return
        autoreload.raise_last_exception()
        self._check_project(options)
