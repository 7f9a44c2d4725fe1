"""What can happen to a row, as bindings and their clients call it."""

CREATE = "create"
UPDATE = "update"
DELETE = "delete"

ACTIONS = (CREATE, UPDATE, DELETE)
