"""Errors in a project's routing. All are raised when the router is built, before any message comes."""

from django.core.exceptions import ImproperlyConfigured

from towpath.layers.errors import ConfigurationError


class RoutingError(ConfigurationError, ImproperlyConfigured):
    """Raised when a route, an include or the ROUTING setting is wrong; names it and the expected value."""
