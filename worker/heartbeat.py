"""The heartbeat of a worker process: renews the leases of its workers, and the turns of consumers that run long.

It also cleans up after owners whose lease has expired: see `ChannelLayer.reap`.
"""

from collections.abc import Callable, Collection, Sequence

from towpath.layers.contract import ChannelLayer
from towpath.layers.operations.leases import BEAT_SECONDS

from .in_flight import InFlightBatch
from .lease import boot_seconds
from .repeating import Repeating

#: Age from which a turn is kept, in seconds, at every beat. The interface waits 15 s for it.
KEEP_SECONDS = 3.0
#: Processes reap at random times, so that one that fails at the same step each time is not always the first.
REAP_SPREAD = 0.3


class Heartbeat:
    """Two threads that outlive the workers: one renews the leases of all `batches()`, one reaps.

    With two threads, a long cleanup does not delay the leases.
    """

    def __init__(
        self,
        layer: ChannelLayer,
        batches: Callable[[], Sequence[InFlightBatch]],
        note_paused: Callable[[Collection[str]], object] = lambda channels: None,
    ) -> None:
        """`note_paused` is called with the channels that are paused, after each renewal."""
        self._layer = layer
        self._batches = batches
        self._note_paused = note_paused
        self._beating = Repeating(self._beat, BEAT_SECONDS, "renew leases and keep running turns")
        self._reaping = Repeating(layer.reap, BEAT_SECONDS, "clean up after processes that have expired", REAP_SPREAD)

    def start(self) -> None:
        """Begin to beat."""
        self._beating.start()
        self._reaping.start()

    def stop(self) -> None:
        """End, and wait for the end; not longer than two beats, if the layer does not answer."""
        self._reaping.stop()
        self._beating.stop()

    def beat(self) -> None:
        """Renew the leases of all batches, and keep the turns of everything that runs for long; raises nothing."""
        self._beating.now()

    def _beat(self) -> None:
        batches = self._batches()
        asked_at = boot_seconds()
        held, paused = self._layer.renew_leases([batch.name for batch in batches])
        for batch in batches:
            if batch.lease is not None and batch.name in held:
                batch.lease.renewed(asked_at)
            elif batch.lease is not None:
                batch.lease.refused()
        turns = [turn for batch in batches for turn in batch.turns_older_than(KEEP_SECONDS)]
        if turns:
            self._layer.keep_turns(turns)
        self._note_paused(paused)
