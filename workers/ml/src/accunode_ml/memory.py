"""What a worker does so that its processes hold little memory."""

import gc

import pyarrow as pa


def hold_little() -> None:
    """Have chunks give their memory back at once, and forks share what is here: for a process that is about to fork.

    Arrow's own allocator keeps what was freed, some 10 MB in each process that scores; a collection of garbage in a
    fork would write to all objects that it shares.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    gc.collect()
    gc.freeze()
