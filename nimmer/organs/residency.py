"""Which model is on which card: the whole decision, without doing any of it.

Events come in (`ask`, `loaded`, `ran`, ...), each with the time, and intents go out; the shell performs them and
comes back with what happened. For every operation, in the order of priority and then of asking:

1. its model rests on a card: run it there;
2. its model is on a card, or on its way to one: wait in line;
3. its model failed to load a moment ago: refuse, with the reason and when it may be tried again;
4. a card is empty: load the model there;
5. a card rests whose model nobody waits for: the least recently used of them is unloaded for this model, but not one
   that was used within the last `linger_s`, unless for a reflex or for who has waited that long: what was used a
   moment ago is often wanted again (a burst of looks, a conversation);
6. it has waited longer than `patience_s`: the least recently used card is promised to its model, takes up nothing
   more, finishes what it does and is unloaded;
7. otherwise wait.

So there is one model per card, no model on two cards, at most one operation on a card, and what is in flight is never
cut. A pinned model is not unloaded; the last card is never pinned, lest the other organs had none. An unknown model
is refused before anything is unloaded for it.
Source: docs/domain.md section 9; docs/decisions/0034.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nimmer.organs.card import CardRecord
from nimmer.organs.intent import Intent, Load, Refuse, Run, Unload, Wait
from nimmer.organs.lifecycle import Lifecycle

PATIENCE_S = 5.0
"""How long others may be served by a model while somebody waits for its card."""
LINGER_S = 1.0
"""How long a model that was just used is kept from whoever else wants its card: one heartbeat (docs/decisions/0034)."""
REFLEX = 10
MOST_TRIES = 2
"""How often an operation is begun whose card dies under it."""
BACKOFF_S = 2.0
MOST_BACKOFF_S = 120.0


@dataclass(slots=True)
class _Asked:
    """One operation in line."""

    operation: str
    model: str
    priority: float
    since_s: float
    order: int
    tries: int = 0


@dataclass(slots=True)
class _Setback:
    """Why a model did not load, how often in a row, and until when it is not tried again."""

    reason: str
    times: int
    until_s: float


class Residency:
    """The models and the cards of one host. Times are monotonic seconds, never falling from call to call."""

    def __init__(
        self,
        cards: int,
        models: Iterable[str],
        idle_s: float,
        pinned: Iterable[str] = (),
        patience_s: float = PATIENCE_S,
        linger_s: float = LINGER_S,
    ) -> None:
        """Begin with `cards` empty cards.

        Args:
            cards: how many there are, at least one.
            models: the names that can be asked for.
            idle_s: an unused model is unloaded after so long.
            pinned: models that stay once loaded; only the first `cards - 1` of them count.
            patience_s: see rule 6.
            linger_s: see rule 5.

        Raises ValueError when there is no card.
        """
        if cards < 1:
            raise ValueError(f"{cards} cards cannot hold a model; there must be at least one")
        self.cards = tuple(CardRecord(number) for number in range(cards))
        self.models = tuple(models)
        self.pinned = frozenset(tuple(pinned)[: cards - 1])
        self._idle_s = idle_s
        self._patience_s = patience_s
        self._linger_s = linger_s
        self._line: list[_Asked] = []
        self._running: dict[int, _Asked] = {}
        self._setbacks: dict[str, _Setback] = {}
        self._orders = 0

    @property
    def waiting(self) -> int:
        """Return how many operations stand in line."""
        return len(self._line)

    def ask(self, operation: str, model: str, now_s: float, priority: float = 5.0) -> list[Intent]:
        """Take up `operation`, which needs `model`."""
        if model not in self.models:
            return [
                Refuse(operation, f"there is no model {model!r} here; there are {', '.join(self.models)}")
            ]
        self._orders += 1
        self._line.append(_Asked(operation, model, priority, now_s, self._orders))
        intents = self._settle(now_s)
        if any(one.operation == operation for one in self._line):
            intents.append(Wait(operation, f"its turn on the card of {model}"))
        return intents

    def cancel(self, operation: str, now_s: float) -> list[Intent]:
        """Forget `operation` if it still waits; what is in flight is not cut."""
        self._line = [one for one in self._line if one.operation != operation]
        return self._settle(now_s)

    def loaded(self, card: int, now_s: float) -> list[Intent]:
        """The model that `card` was told to load is there."""
        record = self.cards[card]
        record.become(Lifecycle.WARM)
        record.loads += 1
        record.used_s = now_s
        self._setbacks.pop(record.model, None)
        return self._settle(now_s)

    def load_failed(self, card: int, reason: str, now_s: float) -> list[Intent]:
        """The model could not be loaded: who waits for it is told, and for a while it is not tried again."""
        record = self.cards[card]
        model = record.model
        times = self._setbacks[model].times + 1 if model in self._setbacks else 1
        pause_s = min(BACKOFF_S * 2.0 ** (times - 1), MOST_BACKOFF_S)
        self._setbacks[model] = _Setback(reason, times, now_s + pause_s)
        record.failures += 1
        record.last_error = reason
        record.empty()
        return self._refuse(model, reason) + self._settle(now_s)

    def ran(self, card: int, now_s: float, error: str = "") -> list[Intent]:
        """The operation on `card` has ended, with `error` when it failed; its answer is being reported."""
        record = self.cards[card]
        record.become(Lifecycle.REPORTING)
        record.used_s = now_s
        record.operations += 1
        if error:
            record.failures += 1
            record.last_error = error
        return []

    def reported(self, card: int, now_s: float) -> list[Intent]:
        """The answer has been delivered: the card is free for the next."""
        record = self.cards[card]
        record.become(Lifecycle.WARM)
        record.operation = ""
        del self._running[card]
        return self._settle(now_s)

    def unloaded(self, card: int, now_s: float) -> list[Intent]:
        """The card is empty, as it was told to become."""
        record = self.cards[card]
        record.evictions += bool(record.promised)
        record.empty()
        return self._settle(now_s)

    def died(self, card: int, reason: str, now_s: float) -> list[Intent]:
        """The process of `card` ended: it holds nothing now, and what it was doing is begun once more or refused."""
        record = self.cards[card]
        if record.state is Lifecycle.LOADING:
            return self.load_failed(card, reason, now_s)
        if record.state is Lifecycle.UNLOADED:
            return []
        cut = self._running.pop(card, None)
        reporting = record.state is Lifecycle.REPORTING  # its answer is on its way: nothing is lost
        record.failures += 1
        record.last_error = reason
        record.empty()
        refused: list[Intent] = []
        if cut is not None and not reporting:
            if cut.tries < MOST_TRIES:
                self._line.append(cut)
            else:
                refused.append(Refuse(cut.operation, reason))
        return refused + self._settle(now_s)

    def tick(self, now_s: float) -> list[Intent]:
        """Let time pass: unload what was idle too long, and look again at who waits."""
        wanted = {one.model for one in self._line}
        idle: list[Intent] = []
        for record in self.cards:
            over = now_s - record.used_s >= self._idle_s
            if record.resting and over and record.model not in self.pinned and record.model not in wanted:
                idle.append(self._unload(record))
        return idle + self._settle(now_s)

    def _settle(self, now_s: float) -> list[Intent]:
        """Serve the line from its head; see the rules above."""
        wanted = {one.model for one in self._line}
        for record in self.cards:
            if record.promised not in wanted:
                record.promised = ""
        intents: list[Intent] = [
            self._unload(record) for record in self.cards if record.promised and record.resting
        ]
        heads: dict[str, _Asked] = {}
        for asked in sorted(self._line, key=lambda one: (-one.priority, one.order)):
            heads.setdefault(asked.model, asked)
        for head in heads.values():
            intents.extend(self._serve(head, now_s))
        return intents

    def _serve(self, head: _Asked, now_s: float) -> list[Intent]:
        """Do what can be done for the first in line of a model; the others of that model wait behind it."""
        home = self._home(head.model)
        if home is not None and home.resting and not home.promised:
            return [self._run(home, head)]
        if home is not None:
            return []
        setback = self._setbacks.get(head.model)
        if setback is not None and now_s < setback.until_s:
            again = f"{setback.reason}; it is tried again in {setback.until_s - now_s:.0f} s"
            return self._refuse(head.model, again)
        return self._make_room(head, now_s)

    def _make_room(self, head: _Asked, now_s: float) -> list[Intent]:
        model = head.model
        for record in self.cards:
            if record.state is Lifecycle.UNLOADED and record.promised in ("", model):
                return [self._load(record, model)]
        if any(record.promised == model for record in self.cards):
            return []
        victims = self._victims(head, now_s)
        if not victims:
            return []
        victim = min(victims, key=lambda one: one.used_s)
        victim.promised = model
        return [self._unload(victim)] if victim.resting else []

    def _victims(self, head: _Asked, now_s: float) -> list[CardRecord]:
        """Return the cards one of which may be taken for the model of `head`: those of rule 5, or else of rule 6."""
        waited_s = now_s - min(one.since_s for one in self._line if one.model == head.model)
        urgent = head.priority >= REFLEX or waited_s >= self._linger_s
        wanted = {one.model for one in self._line}
        takeable = self._takeable()
        free = [
            one
            for one in takeable
            if one.resting and one.model not in wanted and (urgent or now_s - one.used_s >= self._linger_s)
        ]
        return free or (takeable if waited_s >= self._patience_s else [])

    def _takeable(self) -> list[CardRecord]:
        """Return the cards whose model may have to go: neither pinned nor just arriving nor leaving already."""
        going = (Lifecycle.WARM, Lifecycle.PROCESSING, Lifecycle.REPORTING)
        return [
            one
            for one in self.cards
            if one.state in going and not one.leaving and not one.promised and one.model not in self.pinned
        ]

    def _home(self, model: str) -> CardRecord | None:
        return next((record for record in self.cards if record.model == model), None)

    def _run(self, record: CardRecord, asked: _Asked) -> Run:
        self._line.remove(asked)
        asked.tries += 1
        self._running[record.number] = asked
        record.become(Lifecycle.PROCESSING)
        record.operation = asked.operation
        return Run(record.number, record.model, asked.operation)

    def _load(self, record: CardRecord, model: str) -> Load:
        record.become(Lifecycle.LOADING)
        record.model = model
        record.promised = ""
        return Load(record.number, model)

    def _unload(self, record: CardRecord) -> Unload:
        record.leaving = True
        return Unload(record.number, record.model)

    def _refuse(self, model: str, reason: str) -> list[Intent]:
        gone = [one for one in self._line if one.model == model]
        self._line = [one for one in self._line if one.model != model]
        return [Refuse(one.operation, reason) for one in gone]

    def state(self) -> dict[str, Any]:
        """Return what is on the cards and what they have done, as plain JSON values; nothing in flight is in it."""
        return {
            "cards": [
                {
                    "model": one.model if one.state not in (Lifecycle.UNLOADED, Lifecycle.LOADING) else "",
                    "used_s": one.used_s,
                    "loads": one.loads,
                    "evictions": one.evictions,
                    "operations": one.operations,
                    "failures": one.failures,
                    "last_error": one.last_error,
                }
                for one in self.cards
            ]
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned; every model on a card rests.

        Raises KeyError, TypeError or ValueError when it is not of this many cards and these models.
        """
        for record, kept in zip(self.cards, state["cards"], strict=True):
            model = str(kept["model"])
            if model and model not in self.models:
                raise ValueError(f"card {record.number} holds {model!r}, which is no model of this host")
            record.model = model
            record.state = Lifecycle.WARM if model else Lifecycle.UNLOADED
            record.used_s = float(kept["used_s"])
            for name in ("loads", "evictions", "operations", "failures"):
                setattr(record, name, int(kept[name]))
            record.last_error = str(kept["last_error"])
