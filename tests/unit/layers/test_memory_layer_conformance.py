"""The memory layer does what every layer must."""

from typing import Any

import pytest

from towpath.layers import conformance
from towpath.layers.memory import MemoryChannelLayer


class MemoryLayerTests(conformance.ConformanceTestCase):
    expiry_delay = 0.1

    def make_layer(self, **options: Any) -> MemoryChannelLayer:
        return MemoryChannelLayer(**options)


def test_a_suite_that_does_not_say_how_to_make_a_layer() -> None:
    with pytest.raises(NotImplementedError, match="ConformanceTestCase does not say how to make a layer"):
        conformance.ConformanceTestCase("setUp").make_layer()
