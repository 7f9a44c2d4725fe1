"""The faults that the explorer injects, and the operations that each kind applies to."""

from enum import Enum

from towpath.layers.operations.in_flight import Acknowledge, CountLost, InFlight, Outstanding, Register, Requeue
from towpath.layers.operations.inboxes import PushInbox
from towpath.layers.operations.leases import Expire, Lease
from towpath.layers.operations.queues import Fence, Postpone, Push
from towpath.layers.operations.wills import AddWills, PushWills, ReadWills, StoreSessionState


class Fault(Enum):
    """A fault; the value is its text in traces."""

    WRITE_LOST = "the connection fails before the store has executed all"
    ANSWER_LOST = "the store executes it, the answer is lost"
    LATE = "the connection fails, the store executes it later"
    REFUSED = "the memory of the store is full"
    WORKER_KILLED = "is killed, and another one started"
    WORKER_STOPPED = "is told to stop, and another one started"
    WORKER_LAPSED = "is stopped, or cannot renew its lease, until the lease expires; then it goes on"
    INTERFACE_KILLED = "is killed"
    INTERFACE_STOPPED = "is told to stop"
    INTERFACE_LAPSED = "is stopped until its lease expires; then it goes on"
    REAPER_STALLED = "is stopped until its claim expires; then it goes on"


#: Operations without an effect: late execution and refusal are left out.
READS = frozenset({Outstanding, InFlight, ReadWills})
#: Operations whose scripts are refused while the memory is full; the others free memory, or write after they have.
NEED_MEMORY = frozenset(
    (
        *(Push, Postpone, PushInbox, PushWills, StoreSessionState, AddWills),
        *(Register, Acknowledge, Requeue, Fence, Lease, Expire),
    )
)
#: Kept apart from the above since it begins with a deletion, behind which Redis refuses nothing.
FREES_MEMORY = frozenset({CountLost})
