"""What worked before: situations a nerve has met, the path and the commands that mastered them, and how sure it is.

A pattern is used above a confidence of .8 and stored at .9; using it moves its confidence with the outcome, so
that one which fails twice is thought through again. The library is bounded: the least confident goes.
Source: docs/domain.md section 5 (hybrid) and section 3.4 (correlation adjustment .05).
"""

from typing import Any, NamedTuple

from nimmer.life.vocabulary import Signature


class Pattern(NamedTuple):
    """One remembered success. commands: as `nimmer.life.nerve` encodes them, relative to where the body looks."""

    confidence: float
    commands: tuple[int, ...]
    uses: int = 0


class PatternLibrary:
    """The patterns of one nerve, by situation."""

    __slots__ = ("_gain", "_known", "_loss", "_match", "_most", "_store")

    def __init__(self, most: int, match: float, store: float, gain: float, loss: float) -> None:
        """Know nothing; the numbers are those of `nimmer.life.evolution.EvolutionRules`."""
        self._most = most
        self._match = match
        self._store = store
        self._gain = gain
        self._loss = loss
        self._known: dict[Signature, Pattern] = {}

    def __len__(self) -> int:
        return len(self._known)

    def find(self, signature: Signature) -> Pattern | None:
        """Return the pattern of exactly this situation if it is trusted, else None."""
        found = self._known.get(signature)
        return found if found is not None and found.confidence > self._match else None

    def store(self, signature: Signature, commands: tuple[int, ...]) -> None:
        """Keep what worked, in place of what was known of this situation; the least confident makes room."""
        self._known.pop(signature, None)
        if len(self._known) >= self._most:
            del self._known[min(self._known, key=lambda one: self._known[one].confidence)]
        self._known[signature] = Pattern(self._store, commands)

    def judge(self, signature: Signature, worked: bool) -> None:
        """Move the confidence of a pattern that was used."""
        found = self._known.get(signature)
        if found is not None:
            moved = found.confidence + (self._gain if worked else -self._loss)
            self._known[signature] = found._replace(
                confidence=min(1.0, max(0.0, round(moved, 6))), uses=found.uses + 1
            )

    def state(self) -> list[object]:
        """Return the library as plain JSON values."""
        return [[list(key), one.confidence, list(one.commands), one.uses] for key, one in self._known.items()]

    def restore(self, state: list[Any]) -> None:
        """Take back what `state` returned. Raises ValueError or TypeError when it is no library."""
        known: dict[Signature, Pattern] = {}
        for key, confidence, commands, uses in state[-self._most :]:
            known[tuple(int(part) for part in key)] = Pattern(
                min(1.0, max(0.0, float(confidence))), tuple(int(one) for one in commands), int(uses)
            )
        self._known = known
