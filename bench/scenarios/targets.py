"""The target of a figure of Towpath: a number, or a multiple of the best of some peers in the same run."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Literal


@dataclass(frozen=True, slots=True)
class Target:
    """`limit` is a number; with `of`, a glob over system keys, a multiple of the best figure among these.

    Which peer is best, and whether more or less is wanted, follows from the figure's `better`.
    """

    figure: str
    limit: float
    of: str | None = None
    #: "must", or "reach" for.
    kind: Literal["must", "reach"] = "must"

    def wanted(self, better: str, medians: Mapping[str, float]) -> float | None:
        """Return the number to reach; None if no such peer was measured."""
        if self.of is None:
            return self.limit
        peers = [value for key, value in medians.items() if fnmatch(key, self.of)]
        if not peers:
            return None
        return self.limit * (max(peers) if better == "higher" else min(peers))

    def is_met(self, better: str, medians: Mapping[str, float]) -> bool | None:
        """Return whether Towpath's figure reaches it; None if one of the figures is missing."""
        wanted, ours = self.wanted(better, medians), medians.get("towpath")
        if wanted is None or ours is None:
            return None
        return ours >= wanted if better == "higher" else ours <= wanted
