"""Errors of a channel layer, one class for each that callers can handle differently.

TowpathError
 ├─ ConfigurationError     an option of a layer, an interface or a route is wrong: mend the settings
 ├─ InvalidName            a channel or group name that no layer accepts: mend the caller
 ├─ EncodeError            a message holds a value that cannot travel: mend the sender
 ├─ InvalidReply           a reply that no interface server understands: mend the sender
 ├─ DecodeError            an entry that is not ours, or damaged: skip and count it
 ├─ MessageTooLarge        a message above the bound of the layer: send less
 ├─ ChannelFull            the channel is at its capacity: slow down, or give up
 ├─ NoHistory              the group keeps no history: mend the settings, or do not ask
 ├─ BadPosition            not a position of this group's history: begin without one
 └─ LayerUnavailable       the store behind the layer does not answer: wait and try again
     └─ PartlyRefused      it answers, and did some of what was asked: keep what it gave
"""

from collections.abc import Sequence


class TowpathError(Exception):
    """The root of every error that Towpath raises on purpose."""


class ConfigurationError(TowpathError, ValueError):
    """Raised at start when an option is wrong; names the option, the value and the expected one."""


class InvalidName(TowpathError, TypeError):
    """Raised when a channel or group name breaks the rules in `towpath.layers.names`."""


class EncodeError(TowpathError, TypeError):
    """Raised when a message holds something that cannot be sent; names the key."""


class InvalidReply(TowpathError, ValueError):
    """Raised when a message sent to a reply channel has a wrong key or value; names the key and what to write."""


class DecodeError(TowpathError):
    """Raised when bytes from the store are not an entry of ours."""


class MessageTooLarge(TowpathError):
    """Raised when an encoded message is longer than the layer takes."""


class ChannelFull(TowpathError):
    """Raised when a channel holds as many messages as its capacity allows."""


class NoHistory(TowpathError, LookupError):
    """Raised when a group without a history is asked for it; says which option to set."""


class BadPosition(TowpathError, ValueError):
    """Raised when a text is not a position of this group's history: damaged, forged, or of another group."""


class LayerUnavailable(TowpathError):
    """Raised when the store behind the layer cannot be reached or refuses to work; trying later may help."""


class PartlyRefused(LayerUnavailable):
    """Raised when the store executed some operations of a list and refused others, as a full Redis does.

    `results` has the result of each operation, None if it was refused. With `is_clean` no refused operation was begun,
    since the store accepts no writes for the moment: they may be repeated.
    """

    def __init__(self, message: str, results: Sequence[object], is_clean: bool = False) -> None:
        super().__init__(message)
        self.results = results
        self.is_clean = is_clean
