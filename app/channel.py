"""`Channel` and `Group`, under the import path of 1.x."""

from towpath.channels import Channel, Group

__all__ = ["Channel", "Group"]
