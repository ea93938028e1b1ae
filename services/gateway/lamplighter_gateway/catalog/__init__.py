"""The present definition of everything: the read model in memory, and the bucket it is kept by."""
