"""The project's layers and routes as the commands need them. Mistakes in them raise `CommandError`."""

from django.apps import apps
from django.conf import settings
from django.core.management.base import CommandError

from towpath.channels.configured import ConfiguredLayer, channel_layers
from towpath.handler import ViewConsumer
from towpath.layers.errors import ConfigurationError
from towpath.routing import Router


def configured_layer(alias: str) -> ConfiguredLayer:
    """Return a layer of `CHANNEL_LAYERS`.

    Raises:
        CommandError: there is none of that name, or it cannot be built.
    """
    try:
        return channel_layers[alias]
    except ConfigurationError as error:
        raise CommandError(str(error)) from error


def shared_layer(alias: str, process: str) -> ConfiguredLayer:
    """Return a layer that other processes reach too; `process` names the one that needs it.

    Raises:
        CommandError: there is none of that name, or it is a memory layer.
    """
    layer = configured_layer(alias)
    if layer.local_only():
        raise CommandError(
            f"The channel layer {layer} lives in the memory of one process, so {process} would reach no client. "
            'Use "towpath.layers.redis.RedisChannelLayer", or run everything in one process with `manage.py runserver`.'
        )
    return layer


def has_static_files() -> bool:
    """Return whether static files are served by default: in development, if the project has any."""
    return settings.DEBUG and apps.is_installed("django.contrib.staticfiles")


def project_router(layer: ConfiguredLayer, static_files: bool) -> Router:
    """Return the layer's routes, with Django's views, and static files if wanted, behind them.

    The views are loaded now: a middleware that cannot be imported ends the command, and not each request.

    Raises:
        CommandError: the routing is wrong.
    """
    try:
        router = Router(layer.routing)
    except ConfigurationError as error:
        raise CommandError(f"CHANNEL_LAYERS[{layer.alias!r}]['ROUTING']: {error}") from error
    views = ViewConsumer()
    if static_files:
        from towpath.staticfiles import StaticFilesConsumer  # imports django.contrib.staticfiles

        views = StaticFilesConsumer()
    views.load()
    router.check_default(http_consumer=views)
    return router
