"""The running site as an object of the admin: it has permissions and a log, and no table."""

from typing import ClassVar

from django.db import models


class NoRows(models.Manager["RunningSite"]):
    """Returns no rows and does not query the database: `dumpdata` queries every model."""

    def get_queryset(self) -> models.QuerySet["RunningSite"]:
        """Return nothing."""
        found: models.QuerySet[RunningSite] = super().get_queryset().none()
        return found


class RunningSite(models.Model):
    """`view_runningsite` shows the page of the admin, `change_runningsite` gives orders on it."""

    #: The channel, server or WebSockets of an order.
    target: "models.CharField[str, str]" = models.CharField(max_length=200, primary_key=True)

    objects: ClassVar[NoRows] = NoRows()

    class Meta:
        managed = False
        default_permissions = ("view", "change")
        base_manager_name = "objects"
        verbose_name = "running site"
        verbose_name_plural = "running site"

    def __str__(self) -> str:
        return self.target
