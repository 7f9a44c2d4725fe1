"""The operations of a layer's store, as plain data with typed results: one module for each kind of record."""
