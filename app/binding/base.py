"""The class of all bindings, under the import path of 1.x."""

from towpath.consumers.binding import CREATE, DELETE, UPDATE, Binding, BindingMetaclass

__all__ = ["CREATE", "DELETE", "UPDATE", "Binding", "BindingMetaclass"]
