"""Health and metrics of a worker process. Imported only where `--metrics` is given."""

from .monitor import PoolMonitor

__all__ = ["PoolMonitor"]
