"""Protections taken out, one at a time, in a copy of the tree: the test of each must fail then."""
