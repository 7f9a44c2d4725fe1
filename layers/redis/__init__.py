"""The channel layer on Redis."""

from .layer import RedisChannelLayer

__all__ = ["RedisChannelLayer"]
