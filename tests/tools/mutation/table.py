"""All mutants, in the order in which they are run."""

from .buffers import BUFFERS
from .faults import FAULTS
from .fences import FENCES
from .histories import HISTORY
from .hostile import HOSTILE
from .operations import OPERATIONS

MUTANTS = [*FAULTS, *FENCES, *HOSTILE, *BUFFERS, *OPERATIONS, *HISTORY]
