"""The in-memory twin of an organ's model: it answers from a script, needs the memory it is told, and fails on command.

`OrganContract` keeps it honest.
"""

import numpy as np

from nimmer.engines.organ_model import Heard, HearJob, Job, LookJob, Result, Seen, SpeakJob, Spoken, Thing
from nimmer.errors import CardError, OrganError


class ScriptedOrgan:
    """A model for one kind of job. It can be sent to another process as long as it is not loaded."""

    def __init__(
        self, name: str, kind: type[Job], memory_mb: int = 10, broken: str = "", exhausts: bool = False
    ) -> None:
        """Make the model `name`; broken: why it does not load; exhausts: it runs out of memory when it loads."""
        self.name = name
        self.memory_mb = memory_mb
        self.loads = 0
        self.unloads = 0
        self._kind = kind
        self._broken = broken
        self._exhausts = exhausts
        self._loaded = False

    @property
    def loaded(self) -> bool:
        """Whether it can run."""
        return self._loaded

    def load(self) -> None:
        """Load, or fail as the script says."""
        if self._loaded:
            return
        if self._exhausts:
            raise MemoryError
        if self._broken:
            raise CardError(self._broken)
        self._loaded = True
        self.loads += 1

    def run(self, job: Job) -> Result:
        """Answer: everything seen is one house, everything heard is its length, everything spoken a tenth of a second."""
        if not isinstance(job, self._kind):
            raise OrganError(f"{self.name} cannot do a {type(job).__name__}")
        if not self._loaded:
            raise CardError(f"{self.name} is not loaded")
        match job:
            case LookJob():
                house = Thing("house", 0.9, (0.1, 0.2, 0.5, 0.6))
                return Seen((house,), (1.0, 0.0) if job.embed else ())
            case HearJob():
                return Heard(f"{len(job.samples)} samples", job.language or "en", 0.1)
            case SpeakJob():
                return Spoken(np.zeros(2400, np.float32), 24_000)

    def unload(self) -> None:
        """Unload."""
        self.unloads += self._loaded
        self._loaded = False
