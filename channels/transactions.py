"""Sends inside a database transaction: they wait for its commit, and a rollback drops them.

A transaction is an open `transaction.atomic()` block of one database, the one the setting TOWPATH_ON_COMMIT names
("default" if it is absent; None: nothing waits). Waiting sends are kept by Django's own `on_commit`, in order; the
rollback of a savepoint drops the sends after it. The blocks that Django's TestCase opens around each test do not count,
because they never commit. A block inside of those never commits either; in the test cases of `towpath.testing` its end
counts as its commit.

A block opens its connection first, and Django signals each opened connection. So a send costs one read of a
thread-local attribute in a thread without a connection, and two in a thread with one.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import local
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from towpath.layers.contract import Delayed, Send
from towpath.layers.errors import ConfigurationError

from .configured import AnyLayer, raw_layer
from .delivery import deliver
from .outbox import hold

logger = logging.getLogger(__name__)

#: The setting that names the database whose transactions count.
SETTING = "TOWPATH_ON_COMMIT"


class _Thread(local):
    """The connection of this thread whose transactions count; None if it was never opened."""

    connection: BaseDatabaseWrapper | None
    #: Whether `commit_ended_blocks` runs in this thread.
    is_committing: bool = False

    def __getattr__(self, name: str) -> BaseDatabaseWrapper | None:
        """Return the connection; it is looked up at the first request of a thread."""
        self.connection = _opened_connection()
        return self.connection


def database_alias() -> str | None:
    """Return the alias of the database whose transactions sends wait for; None if they wait for none.

    Raises:
        ConfigurationError: TOWPATH_ON_COMMIT is neither None nor one of DATABASES.
    """
    alias = getattr(settings, SETTING, DEFAULT_DB_ALIAS)
    if alias is None or alias == DEFAULT_DB_ALIAS or (isinstance(alias, str) and alias in connections.settings):
        return alias
    raise ConfigurationError(
        f"{SETTING} is {alias!r}: name one of DATABASES ({', '.join(connections.settings)}), or None to wait for none"
    )


def open_transaction() -> BaseDatabaseWrapper | None:
    """Return the connection whose transaction is open in this thread, or None. Called for every send."""
    connection = _thread.connection
    if connection is None or not connection.in_atomic_block:
        return None
    if _is_of_a_test(connection):
        commit_ended_blocks()
        return None
    return connection


def open_transaction_of(alias: str) -> BaseDatabaseWrapper | None:
    """Return the connection to any of DATABASES if a transaction of it is open in this thread, or None."""
    connection = connections[alias]
    if not connection.in_atomic_block:
        return None
    if _is_of_a_test(connection):
        commit_ended_blocks()
        return None
    return connection


def at_commit(connection: BaseDatabaseWrapper, act: Callable[[], object]) -> None:
    """Run an action when the transaction is committed. Its errors are logged, and the next actions follow.

    The data is committed then, and the sender has continued, so that an error cannot be raised to it.
    """
    connection.on_commit(_AtCommit(act))


def send_at_commit(connection: BaseDatabaseWrapper, layer: AnyLayer, send: Send | Delayed) -> None:
    """Send when the transaction is committed: into the outbox of the consumer that runs then, if one does."""
    at_commit(connection, lambda: hold(layer, send) or deliver(raw_layer(layer), [send]))


@contextmanager
def ended_blocks_commit() -> Iterator[None]:
    """Treat the end of an atomic block inside TestCase's own as its commit."""
    global _trials
    _trials += 1
    try:
        yield
    finally:
        _trials -= 1


def commit_ended_blocks() -> None:
    """Run what waits for atomic blocks that have ended inside TestCase's own, where `ended_blocks_commit` says so.

    Each action runs once: Django's `captureOnCommitCallbacks` may run it afterwards, without effect.
    """
    if not _trials or _thread.is_committing:
        return
    _thread.is_committing = True
    try:
        for connection in connections.all(initialized_only=True):
            if connection.in_atomic_block and _is_of_a_test(connection):
                _commit(connection.run_on_commit)
    finally:
        _thread.is_committing = False


def _commit(waiting: Sequence[tuple[Any, ...]]) -> None:
    """Run the actions of ours among Django's callbacks, and those that they add."""
    count = 0
    while count < len(waiting):
        action = waiting[count][1]
        count += 1
        if isinstance(action, _AtCommit):
            action()


class _AtCommit:
    """An action that waits for a commit and runs once; its exceptions are logged."""

    __slots__ = ("_act", "_is_done")

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act
        self._is_done = False

    def __call__(self) -> None:
        if self._is_done:
            return
        self._is_done = True
        try:
            self._act()
        except Exception:
            logger.exception("Sends that waited for a commit were dropped")


def _is_of_a_test(connection: BaseDatabaseWrapper) -> bool:
    """Return whether the innermost block is one of TestCase's own; Django marks them for its `durable` blocks."""
    blocks: list[Any] = connection.atomic_blocks
    return bool(blocks) and blocks[-1]._from_testcase


def _opened_connection() -> BaseDatabaseWrapper | None:
    if not settings.configured:  # a layer is used without Django's settings and without a database
        return None
    alias = database_alias()
    opened = connections.all(initialized_only=True)
    return next((connection for connection in opened if connection.alias == alias), None)


def _note_connection(**_: object) -> None:
    _thread.connection = _opened_connection()


def _forget(setting: str, **_: object) -> None:
    global _thread
    if setting in (SETTING, "DATABASES"):
        _thread = _Thread()


_thread = _Thread()
#: How many `ended_blocks_commit` are entered.
_trials = 0
connection_created.connect(_note_connection, dispatch_uid="towpath.channels.transactions")
setting_changed.connect(_forget, dispatch_uid="towpath.channels.transactions")
