"""Commands of operators about a running site: its state, orders to its processes, restarts without a gap.

Behind `manage.py towpath`: `actions` are its subcommands, the modules beside it do the work.
"""
