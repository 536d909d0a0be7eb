"""The hot path of the mirror: wave records of the arena become messages of the bus.

A village of a hundred NPCs makes ten thousand waves a second, so this works in columns: ids, times and numbers
become text for a whole batch, and each message is one `%` on a template made once per (NPC, cell).
Source: docs/domain.md section 7, WaveSignal.
"""

import os
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from nimmer.bus import subject
from nimmer.bus.headers import Stamps, message_ids, number_texts
from nimmer.bus.message import VERSION, Garden, Source
from nimmer.life.wave import MEANINGS, CellKind

Records = npt.NDArray[np.void]
Ids = npt.NDArray[np.integer]
Posting = tuple[str, bytes]
"""A subject and a payload."""

_LONGEST_S = 1e11
"""Times from here on (the year 5138) are no times."""


def opening(message_type: str, source: Source) -> str:
    """Return the `%` template of a message up to its body: two `%s`, for the message id and the timestamp."""
    return (
        f'{{"header":{{"message_id":"%s","message_type":"{message_type}","version":"{VERSION}","timestamp":"%s",'
        f'"source":{{"entity_id":"{source.entity_id}","entity_type":"{source.entity_type}",'
        f'"garden":"{source.garden}","tier":{source.tier}}}}},"body":'
    )


def sensible(unix_s: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return where times can be written as a date, shape as given."""
    return (unix_s >= 0.0) & (unix_s < _LONGEST_S)


def quietly() -> np.errstate:
    """Return a context for numbers that may be anything: the mirrors refuse what is not finite, unwarned."""
    return np.errstate(invalid="ignore", over="ignore")


class _Forms(dict[int, tuple[str, str]]):
    """Subject and template by `npc * cells + cell`, made when first asked for."""

    def __init__(self, make: Callable[[int], tuple[str, str]]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: int) -> tuple[str, str]:
        form = self[key] = self._make(key)
        return form


class WaveMirror:
    """Turns records of dtype `nimmer.arena.layout.WAVE` into (subject, payload) pairs."""

    def __init__(
        self,
        environment: str,
        unix_offset_s: float,
        cells: Sequence[CellKind],
        garden: Garden = "real",
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Mirror for one host.

        Args:
            environment: dev, staging or prod.
            unix_offset_s: what to add to a record's monotonic time to get seconds since 1970.
            cells: the table a record's `cell` points into (`nimmer.life.senses.CELLS`).
            garden: real or virtual.
            entropy: gives n unpredictable bytes, for message ids.

        Raises ValueError when a cell's code is not its place in the table.
        """
        self.refused = 0
        """Records not mirrored because they were no waves: unknown cell, no finite number, out of range."""
        self._environment = environment
        self._offset_s = unix_offset_s
        self._cells = tuple(cells)
        self._garden = garden
        self._entropy = entropy
        self._stamps = Stamps()
        self._words: list[str] = []
        self._forms = _Forms(self._form)
        shape = (len(self._cells), MEANINGS)
        self._fields = np.array([len(kind.fields) for kind in self._cells])
        self._least = np.full(shape, -np.inf)
        self._most = np.full(shape, np.inf)
        self._whole = np.zeros(shape, dtype=np.bool_)
        self._first_word = np.zeros(shape, dtype=np.int64)
        for place, kind in enumerate(self._cells):
            if kind.code != place:
                raise ValueError(f"cell {kind.name} has code {kind.code} at place {place} of the table")
            self._prepare(kind)

    def encode(self, records: Records, npcs: Ids) -> list[Posting]:
        """Return one message per record, in order; records that are no waves are counted in `refused`.

        Args:
            records: `(n,)` of dtype WAVE.
            npcs: `(n,)`, the NPC each record belongs to.
        """
        known = records["cell"] < len(self._cells)
        if not known.all():
            records, npcs = self._keep(records, npcs, known)
        cell = records["cell"]
        with quietly():
            values = records["values"].astype(np.float64)
            unix_s = records["time_s"] + self._offset_s
            good = self._good(records, values, unix_s)
        if not good.all():
            records, npcs = self._keep(records, npcs, good)
            cell, values, unix_s = cell[good], values[good], unix_s[good]
        count = len(records)
        if not count:
            return []
        numbers = np.empty((count, 2 + MEANINGS))
        numbers[:, 0] = records["confidence"]
        numbers[:, 1] = records["cost"]
        numbers[:, 2:] = values
        forms = map(self._forms.__getitem__, (npcs.astype(np.int64) * len(self._cells) + cell).tolist())
        text = iter(self._spoken(number_texts(numbers), cell, values))
        filled = zip(
            message_ids(count, self._entropy),
            self._stamps.of(unix_s),
            *(text,) * (2 + MEANINGS),
            strict=True,
        )
        return [(on, (form % fill).encode()) for (on, form), fill in zip(forms, filled, strict=True)]

    def _spoken(self, texts: list[str], cell: Ids, values: npt.NDArray[np.float64]) -> list[str]:
        """Put words in the place of the numbers that are categories; return `texts`."""
        rows, places = np.nonzero(self._whole[cell])
        words = self._first_word[cell[rows], places] + values[rows, places].astype(np.int64)
        for position, word in zip((rows * (2 + MEANINGS) + 2 + places).tolist(), words.tolist(), strict=True):
            texts[position] = self._words[word]
        return texts

    def _good(
        self, records: Records, values: npt.NDArray[np.float64], unix_s: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.bool_]:
        """Return where records are waves: times, numbers and words that can be written and read back."""
        cell, confidence, cost = records["cell"], records["confidence"], records["cost"]
        whole = (values == np.rint(values)) | ~self._whole[cell]
        inside = (values > self._least[cell]) & (values < self._most[cell])
        good: npt.NDArray[np.bool_] = (whole & inside).all(axis=1) & sensible(unix_s)
        good &= (confidence >= 0.0) & (confidence <= 1.0) & (cost >= 0.0) & (cost < np.inf)
        good &= records["count"] == self._fields[cell]
        return good

    def _keep(self, records: Records, npcs: Ids, good: npt.NDArray[np.bool_]) -> tuple[Records, Ids]:
        self.refused += int(len(good) - np.count_nonzero(good))
        return records[good], npcs[good]

    def _prepare(self, kind: CellKind) -> None:
        """Learn the words of a kind's categories, and which numbers are allowed in each field."""
        for place, field in enumerate(kind.fields):
            if field.kind == "category":
                self._least[kind.code, place] = -1.0
                self._most[kind.code, place] = len(field.choices)
                self._whole[kind.code, place] = True
                self._first_word[kind.code, place] = len(self._words)
                self._words.extend(f'"{word}"' for word in field.choices)

    def _form(self, key: int) -> tuple[str, str]:
        """Return subject and template of one cell of one NPC; unused values are swallowed by `%.0s`."""
        npc, code = divmod(key, len(self._cells))
        kind = self._cells[code]
        source = Source(f"npc.{npc}.{kind.name}", "cell", self._garden, kind.tier)
        meaning = ",".join(f'"{field.name}":%s' for field in kind.fields)
        template = (
            f'{opening("WaveSignal", source)}{{"domain":"{kind.domain}","confidence":%s,"lifeforce_cost":%s,'
            f'"semantic_content":{{{meaning}}}}}}}' + "%.0s" * (MEANINGS - len(kind.fields))
        )
        return subject.build(self._environment, "nervous.cells.{domain}.wave", domain=kind.domain), template
