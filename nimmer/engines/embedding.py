"""Vectors of texts by WordLlama, whose weights are in its package: 256 numbers, 0.04 ms a text, nothing to download.

The one importer of wordllama. Source: docs/boundary.md, "Memories".
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nimmer.errors import EngineError
from nimmer.stores.memories import Vector


class WordVectors:
    """Loads its weights when it is first called, once (a third of a second)."""

    def __init__(self) -> None:
        """Prepare; nothing is loaded yet."""
        self._model: Any = None

    def __call__(self, texts: Sequence[str]) -> list[Vector]:
        """Return one unit vector `(256,)` per text. Raises EngineError when wordllama is not installed."""
        if self._model is None:
            self._model = self._load()
        vectors: list[Vector] = self._model.embed(list(texts), norm=True).tolist()
        return vectors

    def _load(self) -> Any:  # noqa: ANN401  wordllama is untyped
        try:
            import wordllama
        except ImportError as error:
            raise EngineError("memories need wordllama: install nimmer with its extra `cortex`") from error
        # without cache_dir it looks for its own tokenizer where it is not
        return wordllama.WordLlama.load(cache_dir=Path(str(wordllama.__file__)).parent, disable_download=True)
