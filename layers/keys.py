"""The names of all keys in the store.

The part in braces is the hash tag: all keys of one channel, inbox or group share a slot of a Redis Cluster, and a
sharding layer would choose the host by it.

  <prefix>{<channel>}:queue             list of queue entries
  <prefix>{<channel>}:wakeup            list of one, there while the queue holds something: where readers wait
  <prefix>{<channel or inbox>}:counts   hash of counters
  <prefix>{<inbox>}:inbox               list of inbox entries
  <prefix>{<inbox>}:wills               hash of the local parts of connections, their wills
  <prefix>{<inbox>}:states              hash of the local parts of connections with wills, their session states
  <prefix>{<inbox or reader>}:pushes    hash of channels, the number and result of its last push to each; and `fenced`
  <prefix>{<reader>}:inflight           string, see record.lua: a worker thread's last batch, in flight or settled
  <prefix>{<reader>}:seized             the same: the batch of a reader that expired, until it is counted
  <prefix>{leases}:held                 sorted set of readers and inboxes, by the time their leases expire
  <prefix>{leases}:expired              sorted set of those that expired, by the time from which they can be claimed
  <prefix>{leases}:tombstones           sorted set of those that expired, by the time when that was noticed
  <prefix>{leases}:readers              sorted set of readers, also without a lease, by when they were registered
  <prefix>{leases}:watch                hash; when a lease was renewed last, and from when on they count
  <prefix>{towpath.processes}:seen      sorted set of the ids of processes, by the time their record was renewed
  <prefix>{towpath.processes}:records   hash of the ids of processes, their records (JSON)
  <prefix>{towpath.pauses}:until        sorted set of paused channels, by the time their pauses end
  <prefix>{<group>}:marks               sorted set of inboxes and plain channels, by the time they expire
  <prefix>{<group>}:members:<inbox>     set of the local parts of a group's members in an inbox
  <prefix>{<group>}:head                hash; epoch and offset of the newest message of a group with a history, and the
                                        bytes that it keeps
  <prefix>{<group>}:history             list of the messages that a group keeps, each with its time
  <prefix>{<channel or inbox>}:delayed  sorted set of entries for it, by the time they are due
  <prefix>{<wake channel>}:due          sorted set of channels and inboxes, by the time when a message is due for them
  <prefix>{<channel>}:fired             hash of the schedules that send to it, the time each was last due

A key is a layer's own if all of it has this form: the prefix `a` begins the keys of a layer with the prefix `ab`, too.
"""

import re

#: The part after the braces, as a pattern.
_KINDS = (
    "queue|wakeup|counts|inbox|wills|states|pushes|inflight|seized|held|expired|tombstones|readers|watch|"
    "marks|members:[^{}]+|head|history|delayed|due|fired|seen|records|until"
)


class Keys:
    """Makes the keys of one layer, which all begin with its prefix. A prefix has no braces."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._own = re.compile(rf"{re.escape(prefix)}\{{[^{{}}]*\}}:(?:{_KINDS})\Z".encode())

    def queue(self, channel: str) -> str:
        """Return the key of a channel's queue."""
        return f"{self.prefix}{{{channel}}}:queue"

    def wakeup(self, channel: str) -> str:
        """Return the key of the list that wakes a channel's readers."""
        return f"{self.prefix}{{{channel}}}:wakeup"

    def counts(self, channel: str) -> str:
        """Return the key of a channel's or inbox's counters."""
        return f"{self.prefix}{{{channel}}}:counts"

    def inbox(self, inbox: str) -> str:
        """Return the key of an inbox's entries."""
        return f"{self.prefix}{{{inbox}}}:inbox"

    def wills(self, inbox: str) -> str:
        """Return the key of the wills of an inbox's connections."""
        return f"{self.prefix}{{{inbox}}}:wills"

    def states(self, inbox: str) -> str:
        """Return the key of their session states."""
        return f"{self.prefix}{{{inbox}}}:states"

    def pushes(self, writer: str) -> str:
        """Return the key of the last pushes of an inbox or reader."""
        return f"{self.prefix}{{{writer}}}:pushes"

    def in_flight(self, reader: str) -> str:
        """Return the key of a reader's in-flight record."""
        return f"{self.prefix}{{{reader}}}:inflight"

    def seized(self, reader: str) -> str:
        """Return the key of the record that was taken away from a reader."""
        return f"{self.prefix}{{{reader}}}:seized"

    def leases(self, part: str) -> str:
        """Return the key of a part of the leases: `held`, `expired`, `tombstones`, `readers`, `watch`."""
        return f"{self.prefix}{{leases}}:{part}"

    def processes(self, part: str) -> str:
        """Return the key of a part of the records of this layer's processes: `seen`, `records`."""
        return f"{self.prefix}{{towpath.processes}}:{part}"

    def pauses(self) -> str:
        """Return the key of the pauses of channels."""
        return f"{self.prefix}{{towpath.pauses}}:until"

    def marks(self, group: str) -> str:
        """Return the key of a group's marks."""
        return f"{self.prefix}{{{group}}}:marks"

    def members(self, group: str, inbox: str) -> str:
        """Return the key of a group's members in an inbox."""
        return f"{self.prefix}{{{group}}}:members:{inbox}"

    def head(self, group: str) -> str:
        """Return the key of the epoch and the newest offset of a group with a history."""
        return f"{self.prefix}{{{group}}}:head"

    def history(self, group: str) -> str:
        """Return the key of the messages that a group keeps."""
        return f"{self.prefix}{{{group}}}:history"

    def delayed(self, target: str) -> str:
        """Return the key of the delayed messages of a channel or inbox."""
        return f"{self.prefix}{{{target}}}:delayed"

    def due_index(self, wake_channel: str) -> str:
        """Return the key of the due index; a message on the wake channel says that it has an earlier entry."""
        return f"{self.prefix}{{{wake_channel}}}:due"

    def fired(self, channel: str) -> str:
        """Return the key of the times that schedules were last due on a channel."""
        return f"{self.prefix}{{{channel}}}:fired"

    def every(self) -> str:
        """Return a SCAN pattern that all keys of this layer match; `is_own` excludes others that match."""
        return self._escaped_prefix() + "{*}:*"

    def every_counts(self) -> str:
        """Return a SCAN pattern that all counters of this layer match."""
        return self._escaped_prefix() + "{*}:counts"

    def every_marks(self) -> str:
        """Return a SCAN pattern that the marks of all groups of this layer match."""
        return self._escaped_prefix() + "{*}:marks"

    def is_own(self, key: bytes) -> bool:
        """Return whether a key belongs to this layer, not to another layer or program in the same database."""
        return self._own.match(key) is not None

    def _escaped_prefix(self) -> str:
        return "".join(f"\\{character}" if character in "*?[]\\^-" else character for character in self.prefix)


def channel_of_queue(key: bytes) -> str:
    """Return the channel whose queue has this key; names of channels hold no braces."""
    return key.decode().removesuffix("}:queue").rpartition("{")[2]


def group_of_marks(key: bytes) -> str:
    """Return the group whose marks have this key; names of groups hold no braces."""
    return key.decode().removesuffix("}:marks").rpartition("{")[2]
