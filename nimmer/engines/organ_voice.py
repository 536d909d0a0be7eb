"""Speaking by hibari, with the voice in its package. The one importer of hibari.

Its other voices would be fetched from the net at first use; here they are used only where their files already lie.
"""

from pathlib import Path
from typing import Any

import numpy as np

from nimmer.engines.organ_model import Job, SpeakJob, Spoken
from nimmer.errors import CardError, OrganError

WORKING_MB = 150
"""What the voice and its dictionaries take: 143 MB were measured, and rounded up."""
SEED = 7
"""The same text sounds the same."""


class HibariVoice:
    """One voice."""

    def __init__(self, voice: str | None = None, threads: int = 1) -> None:
        """Prepare; nothing is loaded. voice: None for the packaged one."""
        self._wanted = voice
        self._threads = threads
        self._model: Any = None

    @property
    def name(self) -> str:
        """Return `hibari` with the name of the voice."""
        return f"hibari {self._wanted or 'heart'}"

    @property
    def loaded(self) -> bool:
        """Whether it can speak."""
        return self._model is not None

    @property
    def memory_mb(self) -> int:
        """Return what the voice needs, MB."""
        return WORKING_MB

    def load(self) -> None:
        """Load the voice. Raises CardError when there is no such voice here."""
        if self._model is not None:
            return
        try:
            import hibari
            from hibari.voices import DEFAULT, voice_path

            voice = self._wanted or DEFAULT
            path = Path(voice_path(voice, download_missing=False))
            if not path.is_file():
                raise CardError(
                    f"voice {voice!r} is not on this machine ({path}): unset organs.tts_voice, or put its file there"
                )
            self._model = hibari.Hibari(voice=voice, threads=self._threads)
            self._model("Ready.")  # the dictionaries load with the first words
        except ImportError:
            raise CardError("no voice to speak with: pip install 'nimmer[organs]'") from None
        except (ValueError, OSError, RuntimeError) as error:
            raise CardError(f"{self.name} cannot be loaded: {error}") from None

    def run(self, job: Job) -> Spoken:
        """Speak a text. Raises OrganError for another voice or nothing to say, CardError when it is not loaded."""
        if not isinstance(job, SpeakJob):
            raise OrganError(f"a voice cannot do a {type(job).__name__}")
        if self._model is None:
            raise CardError(f"{self.name} is not loaded")
        if job.voice not in ("", self._model.voice):
            raise OrganError(f"the voice here is {self._model.voice!r}, not {job.voice!r} (organs.tts_voice)")
        samples = np.asarray(self._model(job.text, speed=job.speed, seed=SEED), dtype=np.float32)
        if not len(samples):
            raise OrganError(f"there is nothing to say in {job.text[:80]!r}")
        return Spoken(samples, int(self._model.sample_rate))

    def unload(self) -> None:
        """Let go of the voice."""
        self._model = None
