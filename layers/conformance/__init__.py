"""The contract of every channel layer, as tests: subclass `ConformanceTestCase` for a layer of your own::

    from towpath.layers import conformance

    class MyLayerTests(conformance.ConformanceTestCase):
        def make_layer(self, **options):
            return MyChannelLayer(prefix="conformance", **options)

It runs under unittest and pytest, needs neither Django nor a running server of ours, and waits on conditions.
"""

from .suite import ConformanceTestCase

__all__ = ["ConformanceTestCase"]
