"""The record of an interface server in the store, for `manage.py towpath status` and the readiness of others.

The store is reached by a blocking connection in a thread of its own, so that a Redis that hangs blocks nothing else.
"""

import asyncio
import logging
from collections.abc import Callable

from towpath.layers.errors import LayerUnavailable
from towpath.layers.survey import RENEW_SECONDS, ProcessRecord, Survey

log = logging.getLogger(__name__)


class Registration:
    """Renews the record of this process; `record` returns it with the current numbers."""

    def __init__(self, survey: Survey, record: Callable[[ProcessRecord], ProcessRecord]) -> None:
        self._survey = survey
        self._record = record
        self._base = ProcessRecord("interface")

    async def renew(self) -> None:
        """Renew the record until cancelled; then remove it."""
        try:
            while True:
                await self._call(self._survey.register)
                await asyncio.sleep(RENEW_SECONDS)
        finally:
            await asyncio.shield(self._call(self._survey.unregister))

    async def _call(self, act: Callable[[ProcessRecord], None]) -> None:
        try:
            await asyncio.to_thread(act, self._record(self._base))
        except LayerUnavailable as error:
            log.debug("The record of this process is not written: %s", error)
        except Exception:
            log.exception("Writing the record of this process failed")
