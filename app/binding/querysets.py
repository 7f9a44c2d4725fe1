"""Changes of many rows at once, for which Django sends no signals: `QuerySet.update`, `bulk_update`, `bulk_create`."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import NotSupportedError, connections, transaction
from django.db.models import Manager, Model, QuerySet

from .changes import tell
from .declared import CREATE, UPDATE
from .registry import bound_ancestors
from .rows import NOTHING, look

AnyRow = TypeVar("AnyRow", bound=Model, covariant=True)


class BoundQuerySet(QuerySet[AnyRow]):
    """A queryset whose bulk operations are observed by bindings, as saves and `QuerySet.delete` of all querysets are.

    `objects = BoundQuerySet.as_manager()`, or inherit from it.
    """

    def update(self, **kwargs: Any) -> int:
        """Update rows, and notify the bindings of each; so does `bulk_update`.

        Raises:
            NotSupportedError: it changes the primary key, so that rows could not be identified.
        """
        models = bound_ancestors(self.model)
        if not models or self.query.is_sliced or self.query.combinator:  # Django refuses these
            return super().update(**kwargs)
        self._refuse_keys(models, kwargs)
        self._for_write = True
        with transaction.atomic(using=self.db, savepoint=False):
            rows = self.order_by()
            keys = {model: list(rows.values_list(model._meta.pk.name, flat=True)) for model in models}
            before = {model: look(model, keys[model], self.db, UPDATE) for model in models}
            count = super().update(**kwargs)
            for model in models:
                tell(model, before[model], look(model, keys[model], self.db, UPDATE), self.db)
        return count

    update.alters_data = True  # type: ignore[attr-defined]  # Django's mark of what templates must not call

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Create rows, and notify the bindings of each.

        Raises:
            NotSupportedError: the created rows are unknown: with `ignore_conflicts` or `update_conflicts`, or if the
                database does not return the keys.
        """
        models = bound_ancestors(self.model)
        if not models:
            return super().bulk_create(objs, *args, **kwargs)
        rows = list(objs)
        self._for_write = True
        self._refuse_unknown(models, rows, args, kwargs)
        with transaction.atomic(using=self.db, savepoint=False):
            created = super().bulk_create(rows, *args, **kwargs)
            for model in models:
                tell(model, NOTHING, look(model, [row.pk for row in created], self.db, CREATE), self.db)
        return created

    bulk_create.alters_data = True  # type: ignore[attr-defined]  # the same

    def _refuse_keys(self, models: list[type[Model]], names: Iterable[str]) -> None:
        keys = {name for model in models for name in (model._meta.pk.name, model._meta.pk.attname, "pk")}
        if not keys.isdisjoint(names):
            raise NotSupportedError(
                f"{self.model.__qualname__} is bound, and update() of its primary key would hide which row is which: "
                "create new rows and delete the old ones"
            )

    def _refuse_unknown(
        self, models: list[type[Model]], rows: list[Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        given = dict(zip(("batch_size", "ignore_conflicts", "update_conflicts"), args, strict=False)) | kwargs
        for name in ("ignore_conflicts", "update_conflicts"):
            if given.get(name):
                raise NotSupportedError(
                    f"{self.model.__qualname__} is bound, and bulk_create(..., {name}=True) does not tell which rows "
                    "it has created: use update_or_create, or get_or_create, for each row"
                )
        returns_keys = connections[self.db].features.can_return_rows_from_bulk_insert
        if not returns_keys and any(row.pk is None for row in rows):
            raise NotSupportedError(
                f"{self.model.__qualname__} is bound, and this database does not return the keys of rows that "
                "bulk_create makes: save each row, or give it a primary key of your own"
            )


if TYPE_CHECKING:  # type checkers do not follow a base class that is made by a call
    _BoundManager = Manager
else:
    _BoundManager = Manager.from_queryset(BoundQuerySet)


class BoundManager(_BoundManager[AnyRow]):
    """A manager whose bulk operations are observed by bindings."""
