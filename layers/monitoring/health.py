"""Whether a process can do its work: a list of checks, each passed or failed for a reason."""

import json
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One condition of readiness; `failure` is the reason why it is not met, None where it is."""

    name: str
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """The readiness of a process; channels that an operator has paused are named, and no reason to be unready."""

    checks: Sequence[Check]
    paused: Sequence[str] = ()

    @property
    def is_ready(self) -> bool:
        """Return whether all checks have passed."""
        return all(check.failure is None for check in self.checks)

    def body(self) -> bytes:
        """Return the health as JSON: `status`, each check with its reason, and paused channels."""
        checks = {check.name: "ok" if check.failure is None else check.failure for check in self.checks}
        status = "ready" if self.is_ready else "not ready"
        paused = {"paused": list(self.paused)} if self.paused else {}
        return json.dumps({"status": status, "checks": checks, **paused}).encode() + b"\n"
