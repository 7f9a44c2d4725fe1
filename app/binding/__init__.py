"""Data binding: changes of models are sent to groups of sockets, and frames of sockets change models."""

from .base import Binding
from .querysets import BoundManager, BoundQuerySet

__all__ = ["Binding", "BoundManager", "BoundQuerySet"]
