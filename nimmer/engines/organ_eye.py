"""Seeing by the village's own detector, or another ONNX detector by path (organs.vision_weights)."""

from importlib.resources import files
from pathlib import Path

from nimmer.engines.detector import SHIPPED, OnnxDetector
from nimmer.engines.organ_model import Job, LookJob, Seen, Thing
from nimmer.errors import CardError, NimmerError, OrganError

WORKING_MB = 50
"""What looking takes beside the weights: 37 MB were measured with a picture of 1280 x 720, and rounded up."""


class DetectorEye:
    """One detector."""

    def __init__(self, weights: Path | None = None) -> None:
        """Prepare; nothing is loaded. weights: None for the shipped ones."""
        self._weights = weights or Path(str(files("nimmer.engines") / "shipped" / SHIPPED))
        self._model: OnnxDetector | None = None

    @property
    def name(self) -> str:
        """Return the name of the weights."""
        return self._weights.stem

    @property
    def loaded(self) -> bool:
        """Whether it can see."""
        return self._model is not None

    @property
    def memory_mb(self) -> int:
        """Return the size of the weights and what looking needs, MB. Raises CardError when there are none."""
        if not self._weights.is_file():
            raise CardError(f"{self._weights} does not exist: organs.vision_weights is an ONNX detector")
        return (self._weights.stat().st_size >> 20) + WORKING_MB

    def load(self) -> None:
        """Load the detector. Raises CardError when it is none."""
        if self._model is None:
            try:
                self._model = OnnxDetector(self._weights)
            except (NimmerError, RuntimeError, ValueError, OSError) as error:
                raise CardError(f"{self._weights} cannot be loaded: {error}") from None

    def run(self, job: Job) -> Seen:
        """Look at a picture. Raises OrganError for another job, CardError when it is not loaded."""
        if not isinstance(job, LookJob):
            raise OrganError(f"an eye cannot do a {type(job).__name__}")
        if self._model is None:
            raise CardError(f"{self.name} is not loaded")
        things = tuple(
            Thing(one.label, one.confidence, (one.box.left, one.box.top, one.box.right, one.box.bottom))
            for one in self._model.detect(job.picture)
        )
        embedding = tuple(map(float, self._model.embed(job.picture))) if job.embed else ()
        return Seen(things, embedding)

    def unload(self) -> None:
        """Let go of the detector."""
        self._model = None
