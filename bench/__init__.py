"""Measures Towpath beside its peers in one run: `bench/run --help`."""
