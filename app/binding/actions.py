"""The actions on a row, as bindings and their clients call them."""

CREATE = "create"
UPDATE = "update"
DELETE = "delete"

ACTIONS = (CREATE, UPDATE, DELETE)
