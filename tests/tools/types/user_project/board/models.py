"""A bound model."""

from django.db import models

from towpath.binding import BoundManager


class Boat(models.Model):
    name = models.CharField(max_length=40)
    dock = models.CharField(max_length=20)

    objects = BoundManager()


def rename(old: str, new: str) -> int:
    return Boat.objects.filter(name=old).update(name=new)
