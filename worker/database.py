"""Django's database connections: one that broke or is too old is closed between messages, all with their thread."""

import logging
from threading import local

from django.conf import settings
from django.db import close_old_connections, connections, reset_queries
from django.db.backends.signals import connection_created

logger = logging.getLogger(__name__)


class _Thread(local):
    """Whether this thread ever opened a connection: cheap to know, unlike asking Django. None: not asked yet."""

    has_connections: bool | None = None


_thread = _Thread()


def _note_connection(**kwargs: object) -> None:
    _thread.has_connections = True


connection_created.connect(_note_connection, dispatch_uid="towpath.worker.database")


def renew_connections() -> None:
    """Close the connections of this thread that cannot be used any more; the next query opens new ones.

    `connection.queries`, which Django fills with DEBUG, begins anew, as it does with each request.
    """
    if _thread.has_connections is None:
        _thread.has_connections = bool(connections.all(initialized_only=True))
    if not _thread.has_connections:
        return
    if settings.DEBUG:
        reset_queries()
    try:
        close_old_connections()
    except Exception:
        logger.exception("Could not close a database connection that is too old")


def close_connections() -> None:
    """Close all connections of this thread, which ends."""
    if not _thread.has_connections:
        return
    try:
        connections.close_all()
    except Exception:
        logger.exception("Could not close the database connections of a thread that ends")
