"""The batch that one read takes from a list of entries, bounded in number and in bytes."""

from collections import deque

from ..operations.operation import READ_BYTES


def pop_batch(entries: deque[bytes], most: int) -> list[bytes]:
    """Take entries from the front, up to `most`, and none after `READ_BYTES` of them."""
    batch: list[bytes] = []
    length = 0
    while entries and len(batch) < most and length < READ_BYTES:
        batch.append(entries.popleft())
        length += len(batch[-1])
    return batch
