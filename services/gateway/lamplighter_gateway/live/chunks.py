"""Pieces of a stream on their way out: many small ones as one, and a large one by itself, whose bytes others share."""

BLOCK_BYTES = 32 << 10


class Chunk:
    def __init__(self, bound: int = BLOCK_BYTES) -> None:
        self._bound = bound
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, *pieces: bytes) -> None:
        self._pieces += pieces
        self._size += sum(map(len, pieces))

    @property
    def is_full(self) -> bool:
        return self._size >= self._bound

    def take(self) -> list[bytes]:
        """What has been gathered; nothing of it stays."""
        blocks: list[bytes] = []
        small: list[bytes] = []
        for piece in self._pieces:
            if len(piece) < BLOCK_BYTES:
                small.append(piece)
                continue
            blocks += (b"".join(small), piece)
            small = []
        blocks.append(b"".join(small))
        self._pieces, self._size = [], 0
        return [block for block in blocks if block]
