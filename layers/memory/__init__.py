"""The channel layer in one process's memory: for `runserver`, for tests, as strict as Redis."""

from .layer import MemoryChannelLayer

__all__ = ["MemoryChannelLayer"]
