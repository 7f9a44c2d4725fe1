"""Data binding, under the import path of 1.x; new are the manager and the queryset whose bulk operations are seen."""

from towpath.consumers.binding import Binding, BoundManager, BoundQuerySet

__all__ = ["Binding", "BoundManager", "BoundQuerySet"]
