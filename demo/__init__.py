"""The demonstration: the whole of Lamplighter in a minute, through its own command line and HTTP API."""
