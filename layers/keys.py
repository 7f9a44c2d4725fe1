"""The spelling of every key in the store, in one place.

The part in braces is the hash tag: all keys of one channel, inbox or group share a slot of a Redis Cluster, and a
sharding layer would choose the host by it.

  <prefix>{<channel>}:queue             list of queue entries
  <prefix>{<channel or inbox>}:counts   hash of counters
  <prefix>{<inbox>}:inbox               list of inbox entries
  <prefix>{<inbox>}:lease               string; exists while the inbox's owner lives
  <prefix>{<group>}:marks               sorted set of inboxes and plain channels, by the time they die
  <prefix>{<group>}:members:<inbox>     set of the local parts of a group's members in an inbox
"""


class Keys:
    """Spells the keys of one layer, which all begin with its prefix."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def queue(self, channel: str) -> str:
        """Return the key of a channel's queue."""
        return f"{self.prefix}{{{channel}}}:queue"

    def counts(self, channel: str) -> str:
        """Return the key of a channel's or inbox's counters."""
        return f"{self.prefix}{{{channel}}}:counts"

    def inbox(self, inbox: str) -> str:
        """Return the key of an inbox's entries."""
        return f"{self.prefix}{{{inbox}}}:inbox"

    def lease(self, inbox: str) -> str:
        """Return the key that says that an inbox's owner lives."""
        return f"{self.prefix}{{{inbox}}}:lease"

    def marks(self, group: str) -> str:
        """Return the key of a group's marks."""
        return f"{self.prefix}{{{group}}}:marks"

    def members(self, group: str, inbox: str) -> str:
        """Return the key of a group's members in an inbox."""
        return f"{self.prefix}{{{group}}}:members:{inbox}"

    def every(self) -> str:
        """Return the SCAN pattern of all keys of this layer."""
        return self._escaped_prefix() + "*"

    def every_counts(self) -> str:
        """Return the SCAN pattern of all counters of this layer."""
        return self._escaped_prefix() + "*:counts"

    def _escaped_prefix(self) -> str:
        return "".join(f"\\{character}" if character in "*?[]\\^-" else character for character in self.prefix)
