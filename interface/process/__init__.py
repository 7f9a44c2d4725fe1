"""An interface server as a process: signals and exit code, addresses, its record in the store."""
