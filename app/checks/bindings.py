"""System checks of data bindings: changes that they do not observe. A wrong binding is an error when Django starts."""

from typing import Any

from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning

from towpath.binding import BoundQuerySet
from towpath.binding.registry import registered


def check_bulk_operations(**_: Any) -> list[CheckMessage]:
    """Warn of managers of bound models whose bulk operations bindings do not observe (W010)."""
    return [
        CheckWarning(
            f"{binding.__qualname__} does not see {model._meta.label}.{manager.name}.update(), bulk_update() and "
            "bulk_create(): Django sends no signals for them.",
            hint=f"Write `{manager.name} = towpath.binding.BoundManager()`, or let its queryset inherit from "
            "BoundQuerySet; where you cannot, set `ignores_bulk_operations = True` on the binding.",
            obj=binding,
            id="towpath.W010",
        )
        for model, bindings in registered.items()
        for binding in bindings
        if not binding.ignores_bulk_operations
        for manager in model._meta.managers
        if not isinstance(manager.get_queryset(), BoundQuerySet)
    ]
