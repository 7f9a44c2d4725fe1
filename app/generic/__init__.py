"""Consumers as classes: one instance for each message, and a method for each kind of it."""

from .base import BaseConsumer

__all__ = ["BaseConsumer"]
