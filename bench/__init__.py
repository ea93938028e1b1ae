"""`make bench`: the figures Lamplighter promises, measured on real servers. `make bench ONLY=spine` runs one group."""
