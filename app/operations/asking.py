"""Commands to interface servers, and their answers: each command has a reply channel, read until all have answered."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from towpath.layers.commands import Command, content_of
from towpath.layers.contract import Content
from towpath.layers.survey import ProcessRecord

from .pausing import process_name
from .site import OrderRefused, Site

#: Seconds that servers have to answer: far more than a busy server needs.
ANSWER_SECONDS = 5.0
#: The prefix of the reply channels.
ANSWERS = "towpath.answers?"


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of each server, by its name, in order of arrival, and the servers whose last answer is missing."""

    by_server: Mapping[str, Sequence[Content]]
    silent: Sequence[str]

    def check(self) -> None:
        """Check that all servers have answered.

        Raises:
            OrderRefused: an answer is missing.
        """
        if self.silent:
            names = ", ".join(self.silent)
            raise OrderRefused(
                f"{names} did not answer within {ANSWER_SECONDS:g} s: busy, stopped just now, or of an older release"
            )


def ask(site: Site, command: Command, servers: Sequence[ProcessRecord]) -> Answers:
    """Send a command to servers, and wait for their answers.

    Raises:
        OrderRefused: a server has answered that it cannot execute the command.
        LayerUnavailable: Redis does not answer.
    """
    layer = site.layer.channel_layer
    waiting = {inbox: process_name(record) for record in servers for inbox in record.owners}
    found: dict[str, list[Content]] = {name: [] for name in waiting.values()}
    names = dict(waiting)
    answers = layer.new_channel(ANSWERS)
    site.administration.command(list(waiting), content_of(command, answers))
    deadline = time.monotonic() + ANSWER_SECONDS
    try:
        while waiting and time.monotonic() < deadline:
            _, content = layer.receive([answers], block=True)
            if content is None or content.get("inbox") not in names:
                continue
            name = names[content["inbox"]]
            if "error" in content:
                raise OrderRefused(f"{name}: {content['error']}")
            found[name].append(content)
            if content.get("is_last"):
                waiting.pop(content["inbox"], None)
    finally:
        layer.drop_channel(answers)
    return Answers(found, sorted(set(waiting.values())))
