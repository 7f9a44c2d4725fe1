"""Commands of operators to this interface server: sockets listed and closed, the server drained."""

from .control import Control

__all__ = ["Control"]
