"""The package `bench`, which the soak builds on."""

from ...fakes import generators  # noqa: F401  # makes `bench` importable
