"""The channel layer in this process's memory."""

from .layer import MemoryChannelLayer

__all__ = ["MemoryChannelLayer"]
