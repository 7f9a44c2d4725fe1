"""Commands of operators about a running site: its state, and restarts without a gap. Behind `manage.py towpath`."""
