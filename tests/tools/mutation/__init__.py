"""Mutation testing with a table of mutants, each with the test that must notice it."""
