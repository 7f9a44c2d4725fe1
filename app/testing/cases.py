"""Test cases with layers of their own, which share no messages with other tests or processes."""

from collections.abc import Sequence
from unittest import TestResult

from django.test import TestCase, TransactionTestCase

from towpath.channels import Message
from towpath.channels.configured import DEFAULT_CHANNEL_LAYER, channel_layers

from .faults import Faults
from .isolation import fresh_layers, trial_layer
from .replies import next_message


class ChannelTestCaseMixin:
    """Replaces the layers of `test_channel_aliases` by fresh ones in memory, for each test.

    For a test case of your own: write it before one of Django's, or of a package's, among the bases.
    """

    test_channel_aliases: Sequence[str] = (DEFAULT_CHANNEL_LAYER,)

    def run(self, result: TestResult | None = None) -> TestResult | None:
        """Run the test on its own layers."""
        with fresh_layers(self.test_channel_aliases):
            return super().run(result)  # type: ignore[misc,no-any-return]  # a TestCase stands behind

    def debug(self) -> None:
        """The same for a test that is run without a result."""
        with fresh_layers(self.test_channel_aliases):
            super().debug()  # type: ignore[misc]

    def faults(self, alias: str = DEFAULT_CHANNEL_LAYER) -> Faults:
        """Return the faults of a layer, for `with self.faults().drop("thumbnails"):`."""
        return trial_layer(alias).faults

    def get_next_message(
        self, channel: str, alias: str = DEFAULT_CHANNEL_LAYER, require: bool = False
    ) -> Message | None:
        """Take a channel's next message without consuming it, also a connection's next reply; None if there is none.

        Raises:
            AssertionError: there is none, and one is required.
        """
        message = next_message(channel_layers[alias], channel)
        if message is None and require:
            raise AssertionError(f"there is no message on {channel!r}")
        return message


class ChannelTestCase(ChannelTestCaseMixin, TestCase):
    """Django's TestCase: everything, consumers too, runs inside one transaction that is rolled back.

    Messages sent inside `atomic()` are delivered at the end of that block, as they are after a commit.
    """


class TransactionChannelTestCase(ChannelTestCaseMixin, TransactionTestCase):
    """Django's TransactionTestCase: transactions are real, so sends inside `atomic()` are delivered at its commit."""
