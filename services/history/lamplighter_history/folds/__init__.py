"""From one event to the writes it means, a noun a module. Pure."""
