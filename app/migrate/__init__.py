"""`towpath-migrate`: rewrites a Channels 1.x project for Towpath, and names the decisions that are left.

Runs without Django and without the project: it reads and writes files. Needs the extra `migrate` (libcst).
"""
