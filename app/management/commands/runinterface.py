"""`manage.py runinterface`: an interface server on the project's layer. The server itself is `towpath.interface`.

The options are those of `towpath-interface`. No code of the project runs here but that which `django.setup()` imports:
there are no system checks, which would import the routing and with it all consumers.
"""

import sys
from contextlib import ExitStack
from typing import Any

from django.core.management.base import CommandError, CommandParser

from towpath.channels.configured import DEFAULT_CHANNEL_LAYER
from towpath.interface.cli import open_access_log
from towpath.interface.commandline.environment import INTERFACE_PREFIX
from towpath.interface.commandline.log_format import add_log_format, use_log_format
from towpath.interface.commandline.options import add_options, check_option, config_from
from towpath.interface.process.service import serve
from towpath.layers.errors import ConfigurationError

from ...environment import EnvironmentCommand
from ...log import setup_logger
from ...project import shared_layer
from ...settings import read_settings


class Command(EnvironmentCommand):
    """Serves HTTP and WebSockets for the workers of a channel layer until SIGTERM or Ctrl-C."""

    help = (
        "Serves HTTP and WebSockets for the workers of a channel layer, until SIGTERM or Ctrl-C: then it finishes what "
        "has begun, within a grace period. CHANNELS_WS_PROTOCOLS, CHANNELS_WS_ALLOWED_ORIGINS, ALLOWED_HOSTS and "
        "FORCE_SCRIPT_NAME are the defaults of --ws-protocol, --allowed-origin, --allowed-host and --root-path."
    )
    requires_system_checks = ()
    environment_prefix = INTERFACE_PREFIX

    def add_arguments(self, parser: CommandParser) -> None:
        text = "alias of the layer to serve (default: %(default)s)"
        parser.add_argument("--layer", default=DEFAULT_CHANNEL_LAYER, metavar="ALIAS", help=text)
        add_log_format(parser)
        add_options(parser)

    def check_option(self, option: str, value: Any) -> None:
        if option == "layer":
            shared_layer(value, "an interface server")
        else:
            check_option(option, value)

    def handle(self, *args: Any, **options: Any) -> None:
        setup_logger(verbosity=options["verbosity"])
        use_log_format(options["log_format"])
        self.warn_of_unknown_variables()
        layer = shared_layer(options["layer"], "an interface server")
        try:
            project = read_settings()
            config = config_from(
                options,
                ws_protocols=project.ws_protocols,
                root_path=project.script_name,
                allowed_origins=project.allowed_origins,
                allowed_hosts=project.allowed_hosts,
            )
            with ExitStack() as stack:
                code = serve(layer.channel_layer, config, open_access_log(config, stack))
        except ConfigurationError as error:
            raise CommandError(str(error)) from error
        sys.exit(code)
