"""An Autobahn that inflates without a bound is not used for compression."""

import pytest
from autobahn.websocket.compress import PerMessageDeflate

from towpath.interface.websocket.compression import Deflater
from towpath.layers.errors import ConfigurationError


def test_an_autobahn_that_inflates_without_a_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PerMessageDeflate, "decompress_message_data", lambda self, data: data)
    with pytest.raises(ConfigurationError, match=r"compression needs autobahn 26\.7\.1 or newer"):
        Deflater(12, 0)
