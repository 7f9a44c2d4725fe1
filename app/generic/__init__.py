"""Consumers as classes, under the import path of 1.x."""

from towpath.consumers.generic import BaseConsumer

__all__ = ["BaseConsumer"]
