"""Reports of a process, interface server or worker: health, metrics, and where they are served.

Nothing here is imported by a process that reports nothing. No Twisted, no Django, no sockets.
"""

from .address import MonitoringAddress, parse_address
from .health import Check, Health
from .measures import Family, Histogram
from .pages import Page, page_of

__all__ = ["Check", "Family", "Health", "Histogram", "MonitoringAddress", "Page", "page_of", "parse_address"]
