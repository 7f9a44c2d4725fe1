"""What an operator asks of a running site: its state, and restarts without a gap. Behind `manage.py towpath`."""
