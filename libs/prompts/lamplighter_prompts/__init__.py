"""A prompt as a template: what it may name, and what it becomes. Pure."""
