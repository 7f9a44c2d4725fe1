"""Readers that hold a lease, counted for interface servers."""

import asyncio
import time

from ..operations.leases import LeaseTimes
from .case import PATIENCE_SECONDS, POLL_SECONDS, LayerCase

#: A lease so short that a test can wait for its end, in seconds.
SHORT = LeaseTimes(reader_lease=0.2, inbox_lease=60, silence=30, grace=0, claim=5)


class LeaseCases(LayerCase):
    """`Edge.count_readers`."""

    async def test_readers_with_a_lease_are_counted_and_inboxes_are_not(self) -> None:
        edge, _ = await self.edge(), await self.edge()
        self.assertEqual(await edge.count_readers(), 0)
        readers = [self.layer.reader(["channel"]) for _ in range(2)]
        self.assertEqual(await edge.count_readers(), 0)
        self.layer.renew_leases([reader.name for reader in readers])
        self.assertEqual(await edge.count_readers(), 2)
        readers[0].close()
        self.assertEqual(await edge.count_readers(), 1)
        readers[1].close()
        self.assertEqual(await edge.count_readers(), 0)

    async def test_a_reader_whose_lease_has_run_out_is_not_counted(self) -> None:
        self.layer.lease_times = SHORT
        edge = await self.edge()
        reader = self.layer.reader(["channel"])
        self.addCleanup(reader.close)
        self.layer.renew_leases([reader.name])
        self.assertEqual(await edge.count_readers(), 1)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while await edge.count_readers():
            self.assertLess(time.monotonic(), deadline, "a lease of 0.2 s has not run out")
            await asyncio.sleep(POLL_SECONDS)
