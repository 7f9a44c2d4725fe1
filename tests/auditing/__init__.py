"""What `tests/audit` says about the packages that users install."""
