"""The registered bindings by model. Bindings that are declared before Django is ready wait here."""

from django.db.models import Model

from .declared import Declared

AnyModel = type[Model]

#: Bindings that wait for `register_all`.
waiting: list[type[Declared]] = []
#: Bound model -> its bindings, in the order of their declaration.
registered: dict[AnyModel, list[type[Declared]]] = {}


def add(binding: type[Declared], model: AnyModel) -> None:
    """Keep a binding that has been checked."""
    registered.setdefault(model, []).append(binding)


def bindings_of(model: AnyModel) -> list[type[Declared]]:
    """Return the bindings of exactly this model."""
    return registered.get(model, [])


def bound_ancestors(model: AnyModel) -> list[AnyModel]:
    """Return the bound models whose rows change when one of `model` is saved: itself, and its parents."""
    return [bound for bound in registered if issubclass(model, bound)]


def bound_tables(model: AnyModel) -> list[AnyModel]:
    """Return the bound models with the table of `model`: itself, or the model that it is a proxy for."""
    table = model._meta.concrete_model
    return [bound for bound in registered if bound._meta.concrete_model is table]
