"""The one reactor of an interface process: Twisted's asyncio reactor, on uvloop where it is installed.

The code that starts a process installs it first; every other module gets its reactor, or clock, as a parameter.
"""

import asyncio
import time
from typing import Any

from towpath.layers.errors import ConfigurationError


def new_loop() -> asyncio.AbstractEventLoop:
    """Return a new event loop, the fastest that is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.SelectorEventLoop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


# `Any`: the reactor is a module to Python and to mypy, an object with a dozen interfaces in fact.
def install_reactor(loop: asyncio.AbstractEventLoop | None = None) -> Any:
    """Install the reactor on `loop`, or on a new one, and return it.

    Raises:
        ConfigurationError: another reactor is installed already.
    """
    from twisted.internet import asyncioreactor
    from twisted.internet.error import ReactorAlreadyInstalledError

    loop = loop or new_loop()
    asyncio.set_event_loop(loop)
    try:
        asyncioreactor.install(loop)
    except ReactorAlreadyInstalledError as error:
        raise ConfigurationError(
            "something has imported twisted.internet.reactor, which installed a reactor that cannot be used here: "
            "import it inside the functions that use it"
        ) from error
    from twisted.internet import reactor

    installed: Any = reactor
    # Twisted goes by the clock of the system: set forward, it would end all sockets; set back, no deadline would pass.
    installed.seconds = time.monotonic
    return installed
