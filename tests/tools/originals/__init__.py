"""`tests/original`: suites that were written for Channels 1.x, run against Towpath."""
