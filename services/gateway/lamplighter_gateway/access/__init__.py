"""Who may do what: callers, tokens, and the one table of routes and roles."""
