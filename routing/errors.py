"""What can be wrong with a project's routing. All of it shows when the router is built, before any message comes."""

from django.core.exceptions import ImproperlyConfigured

from towpath.layers.errors import ConfigurationError


class RoutingError(ConfigurationError, ImproperlyConfigured):
    """Raised when a route, an include or the ROUTING setting is wrong; names it and what is expected."""
