"""Health and metrics of an interface server. Imported only where `--metrics` or `--health-path` is given."""

from .monitor import Monitor

__all__ = ["Monitor"]
