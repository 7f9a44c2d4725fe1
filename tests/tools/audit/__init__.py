"""The audit of the packages that users install (`tests/audit`)."""
