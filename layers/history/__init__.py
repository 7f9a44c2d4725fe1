"""History of groups: bounds by name pattern, positions, and the messages that a group keeps."""
