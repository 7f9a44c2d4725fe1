"""The soak: mixed traffic for half an hour while everything is restarted, with every process's memory watched."""
