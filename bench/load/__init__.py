"""Load generators: lean processes on uvloop, so that they are not the bottleneck; each says how busy it was itself."""
