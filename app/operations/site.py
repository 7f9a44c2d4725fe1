"""The running site: one channel layer of the project with all its processes."""

from dataclasses import dataclass

from towpath.channels.configured import ConfiguredLayer
from towpath.layers.administration import Administration
from towpath.layers.errors import TowpathError
from towpath.layers.operations.delays import DELAY_CHANNEL
from towpath.layers.survey import ProcessRecord, Survey, survey_of

from ..project import project_router


class OrderRefused(TowpathError):
    """Raised when an order of an operator cannot be executed; the message has the reason and a remedy."""


@dataclass(frozen=True, slots=True)
class Site:
    """The processes of one layer, seen through its store."""

    layer: ConfiguredLayer
    survey: Survey
    administration: Administration

    @property
    def channels(self) -> set[str]:
        """The channels of the project's routing.

        Raises:
            CommandError: the routing is wrong.
        """
        return project_router(self.layer, False).channels

    def all_channels(self) -> set[str]:
        """Return the channels of the routing and of the running workers."""
        return {*self.channels, DELAY_CHANNEL, *(name for each in self.living("worker") for name in each.channels)}

    def living(self, kind: str) -> list[ProcessRecord]:
        """Return the processes of a kind that hold a lease: the records of others outlive them by some seconds."""
        held = {owner for owner, _ in self.survey.leases()}
        return [
            record for record in self.survey.processes() if record.kind == kind and not held.isdisjoint(record.owners)
        ]


def site_of(layer: ConfiguredLayer) -> Site:
    """Return the site of a layer.

    Raises:
        OrderRefused: its store belongs to one process, or is not a layer of Towpath.
    """
    survey = survey_of(layer.channel_layer)
    if survey is None:
        raise OrderRefused(f"The channel layer {layer} cannot be looked at: it is not one of Redis")
    return Site(layer, survey, layer.channel_layer.administration())
