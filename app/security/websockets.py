"""Origin checks for WebSockets, under the import path of 1.x."""

from towpath.consumers.origin import AllowedHostsOnlyOriginValidator, BaseOriginValidator, allowed_hosts_only

__all__ = ["AllowedHostsOnlyOriginValidator", "BaseOriginValidator", "allowed_hosts_only"]
