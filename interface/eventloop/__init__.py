"""The event loop: its reactor, its clock and timers, background tasks, and transports that write at its turn's end."""
