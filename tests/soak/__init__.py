"""The soak: mixed traffic for half an hour while everything is restarted, with every process's memory watched.

`tests/soak/run --help` lists the options. It runs in the environment of `bench/run`, on whose systems it builds.
"""
