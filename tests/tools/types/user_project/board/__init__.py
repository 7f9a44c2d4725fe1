"""A second application: sessions, users, classes, bindings and tests."""
