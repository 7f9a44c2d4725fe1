"""All that protects, in the order in which it is taken out."""

from .buffers import BUFFERS
from .faults import FAULTS
from .fences import FENCES
from .hostile import HOSTILE
from .operations import OPERATIONS

PROTECTIONS = [*FAULTS, *FENCES, *HOSTILE, *BUFFERS, *OPERATIONS]
