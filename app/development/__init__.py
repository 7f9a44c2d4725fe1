"""Interface server and workers in one process, for `manage.py runserver`."""

from .interface import InterfaceThread
from .server import DevelopmentServer

__all__ = ["DevelopmentServer", "InterfaceThread"]
