"""An exhaustive explorer of the turn protocol: all interleavings of a few connections, workers and faults.

It executes the code of the library: the operations on the memory store, `Worker`, `BaseReader`, `Reaper`, `BaseEdge`,
`Conversation`, `Outbound` and `Turns`. `CONTRIBUTING.md` has its commands, its model and the limits of the model.
"""
