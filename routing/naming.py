"""Consumers as dotted paths: from a path to the object, and from an object to a name for logs and errors."""

from django.utils.module_loading import import_string

from .errors import RoutingError


def imported(path: str, wanted_by: str) -> object:
    """Import the object that a dotted path names.

    Raises:
        RoutingError: it cannot be imported; the import's own error is its cause.
    """
    try:
        return import_string(path)
    except ImportError as error:
        raise RoutingError(f"{wanted_by}: cannot import {path!r}: {error}") from error


def name_of(thing: object) -> str:
    """Return the dotted name of a function or class, or of the class of anything else."""
    if not hasattr(thing, "__qualname__"):
        thing = type(thing)
    return f"{getattr(thing, '__module__', '?')}.{getattr(thing, '__qualname__', '?')}"
