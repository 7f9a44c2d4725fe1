"""Load generators: small processes on uvloop, so that they are not the bottleneck; each reports its own load."""
