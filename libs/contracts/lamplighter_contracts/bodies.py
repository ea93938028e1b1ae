"""Bodies that are too large for a message: kept in the object store, and referred to."""

from lamplighter_contracts.fields import Model

LARGEST_INLINE = 256 * 1024
"""Bytes of a delivery's body that still travel within messages."""


class BodyReference(Model):
    """The object `name` in the bucket `bodies`: the raw bytes as they were received."""

    name: str
    size: int
    sha256: str
    """In hex: what is read back is compared with it."""
    content_type: str = ""
