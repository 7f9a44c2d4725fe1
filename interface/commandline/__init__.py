"""The options of `towpath-interface` and `runinterface`: from the command line, the environment and a Redis URL."""
