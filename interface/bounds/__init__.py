"""Bounds of what all clients of one process use together: memory, disk, requests, events that workers have."""
