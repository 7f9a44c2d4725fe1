"""Operation of a running site: its state, orders to its processes, and restarts without downtime.

`actions` are the subcommands of `manage.py towpath`; the other modules implement them.
"""
