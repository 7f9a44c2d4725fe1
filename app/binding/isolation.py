"""Isolation of a binding's own code: its failure is logged, and the change of the row continues.

A query that fails inside `transaction.atomic()` can make the whole transaction unusable, so the first query of the
binding's code is preceded by a savepoint. Code without queries costs nothing.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from .declared import Declared

logger = logging.getLogger(__name__)


@contextmanager
def isolated(binding: type[Declared], step: str, using: str) -> Iterator[None]:
    """Run a step of a binding, such as "serialize"; log its exceptions, and keep the transaction of `using` usable."""
    connection = connections[using]
    savepoint = _LazySavepoint(connection) if connection.in_atomic_block else None
    try:
        with connection.execute_wrapper(savepoint) if savepoint is not None else nullcontext():
            yield
    except Exception:
        if savepoint is not None:
            savepoint.roll_back()
        logger.exception(
            "%s.%s failed: the row of %s is changed, and the groups of this binding are not notified",
            binding.__qualname__,
            step,
            getattr(binding, "model_label", binding.model),
        )
    else:
        if savepoint is not None:
            savepoint.release()


class _LazySavepoint:
    """A wrapper of queries that makes a savepoint before the first one."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._was_broken = connection.needs_rollback
        self._is_made = False
        self._id: str | None = None

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        """Execute a query, after the savepoint."""
        if not self._is_made:
            self._is_made = True  # the query that makes the savepoint passes here, too
            self._id = self._connection.savepoint()  # None where the database has none
        return execute(sql, params, many, context)

    def roll_back(self) -> None:
        """Undo the queries."""
        self._connection.needs_rollback = self._was_broken
        if self._id is not None:
            self._connection.savepoint_rollback(self._id)
            self._connection.savepoint_commit(self._id)

    def release(self) -> None:
        """Keep the queries, unless they have marked the transaction as one that can only be rolled back."""
        if self._connection.needs_rollback and not self._was_broken:
            self.roll_back()
        elif self._id is not None:
            self._connection.savepoint_commit(self._id)
