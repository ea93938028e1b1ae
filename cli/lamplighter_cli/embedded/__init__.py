"""The embedded default: real servers and the four services as child processes of `lamp up`."""
