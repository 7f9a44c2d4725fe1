"""Models of every kind that can be bound."""

import uuid

from django.core.exceptions import ValidationError
from django.db import models

from towpath.binding import BoundManager


class Town(models.Model):
    """A town by the sea."""

    name = models.CharField(max_length=20)


class Crew(models.Model):
    """A sailor."""

    name = models.CharField(max_length=20)
    town = models.ForeignKey(Town, models.CASCADE, null=True)


class Boat(models.Model):
    """A row with columns of many kinds."""

    name = models.CharField(max_length=10, unique=True)
    dock = models.CharField(max_length=10, default="north")
    length = models.DecimalField(max_digits=5, decimal_places=2, default="7.50")
    launched = models.DateField(null=True, blank=True)
    owner = models.ForeignKey(Crew, models.CASCADE, null=True, blank=True, related_name="owned")
    pilot = models.ForeignKey(Crew, models.SET_NULL, null=True, blank=True, related_name="piloted")
    crew = models.ManyToManyField(Crew, blank=True, related_name="boats")
    photo = models.FileField(blank=True)
    is_ours = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)

    objects = BoundManager()

    def clean(self) -> None:
        if self.name == "Titanic":
            raise ValidationError("not in this harbour")

    @property
    def label(self) -> str:
        return f"{self.name} ({self.dock})"

    def days(self) -> int:
        return 3


class Papers(models.Model):
    """The papers of a boat, which may have none."""

    boat = models.OneToOneField(Boat, models.CASCADE)
    number = models.IntegerField()


class Proxied(Boat):
    """A boat under another name."""

    class Meta:
        proxy = True


class Ferry(Boat):
    """A boat with a table of its own beside."""

    seats = models.IntegerField(default=10)


class Buoy(models.Model):
    """A row whose manager is Django's, and whose key is made before it is saved."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    light = models.CharField(max_length=10)
    neighbours = models.ManyToManyField("self")


class Flag(models.Model):
    """A row whose key is its name."""

    code = models.CharField(max_length=3, primary_key=True)
    meaning = models.CharField(max_length=20)


class Bell(models.Model):
    """A row without a binding."""

    tone = models.CharField(max_length=3)


class Log(models.Model):
    """A row with a key of two columns."""

    pk = models.CompositePrimaryKey("boat_name", "day")
    boat_name = models.CharField(max_length=10)
    day = models.IntegerField()
    text = models.CharField(max_length=20)

    objects = BoundManager()


class Berth(models.Model):
    """A row with relations that have something to tell."""

    number = models.IntegerField()
    next = models.ForeignKey("self", models.SET_NULL, null=True)
    boats = models.ManyToManyField(Boat, through="Stay")


class Stay(models.Model):
    """A relation between a boat and a berth."""

    boat = models.ForeignKey(Boat, models.CASCADE)
    berth = models.ForeignKey(Berth, models.CASCADE)
    nights = models.IntegerField(default=1)
