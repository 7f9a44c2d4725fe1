"""An application of a project, whose models are bound."""
