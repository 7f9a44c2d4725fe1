"""Checks of who may connect, under the import path of 1.x."""
