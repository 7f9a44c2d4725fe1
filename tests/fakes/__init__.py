"""Stand-ins for edges, transports, clients and servers: in memory, and as strict as the contracts that they fulfil."""
