import heapq
from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nimmer.chance import Chance
from nimmer.organs.intent import Intent, Load, Refuse, Run, Unload, Wait
from nimmer.organs.lifecycle import Lifecycle
from nimmer.organs.residency import BACKOFF_S, PATIENCE_S, Residency

MODELS = ("vision", "stt", "tts")


def two_cards(pinned: tuple[str, ...] = ("tts",), idle_s: float = 300.0) -> Residency:
    return Residency(2, MODELS, idle_s, pinned)


def warm(residency: Residency, card: int, model: str, now_s: float) -> None:
    assert Load(card, model) in residency.ask(f"warm-{model}", model, now_s)
    assert residency.loaded(card, now_s) == [Run(card, model, f"warm-{model}")]
    residency.ran(card, now_s)
    residency.reported(card, now_s)


def test_a_model_is_loaded_on_demand_and_once_for_two_who_ask() -> None:
    residency = two_cards()
    assert residency.ask("a", "stt", 0.0) == [Load(0, "stt"), Wait("a", "its turn on the card of stt")]
    assert residency.ask("b", "stt", 0.1) == [Wait("b", "its turn on the card of stt")]
    assert residency.loaded(0, 1.0) == [Run(0, "stt", "a")]
    assert residency.ran(0, 1.2) == []
    assert residency.reported(0, 1.2) == [Run(0, "stt", "b")]


def test_an_unknown_model_is_refused_and_evicts_nothing() -> None:
    residency = two_cards()
    warm(residency, 0, "stt", 0.0)
    warm(residency, 1, "vision", 1.0)
    (refused,) = residency.ask("a", "smell", 2.0)
    assert refused == Refuse("a", "there is no model 'smell' here; there are vision, stt, tts")
    assert [card.model for card in residency.cards] == ["stt", "vision"]


def test_the_least_recently_used_goes() -> None:
    residency = two_cards()
    warm(residency, 0, "stt", 0.0)
    warm(residency, 1, "vision", 1.0)
    assert Unload(0, "stt") in residency.ask("a", "tts", 2.0)
    assert residency.unloaded(0, 2.1) == [Load(0, "tts")]
    assert residency.cards[0].evictions == 1


def test_a_model_used_a_moment_ago_lingers_but_not_for_a_reflex_nor_for_who_has_waited() -> None:
    for priority in (5.0, 10.0):
        residency = Residency(1, MODELS, 300.0)
        warm(residency, 0, "vision", 0.0)
        first = residency.ask("a", "stt", 0.4, priority)
        assert first == ([Unload(0, "vision")] if priority == 10.0 else []) + [
            Wait("a", "its turn on the card of stt")
        ]
    residency = Residency(1, MODELS, 300.0)
    warm(residency, 0, "vision", 0.0)
    residency.ask("a", "stt", 0.4)
    residency.ask("b", "vision", 0.9)
    residency.ran(0, 1.3)
    assert residency.reported(0, 1.3) == []
    assert residency.tick(1.5) == [Unload(0, "vision")]


def test_a_pinned_model_stays_though_it_was_used_least_and_is_idle() -> None:
    residency = two_cards(idle_s=10.0)
    warm(residency, 0, "tts", 0.0)
    warm(residency, 1, "vision", 1.0)
    assert Unload(1, "vision") in residency.ask("a", "stt", 2.0)
    residency.unloaded(1, 2.0)
    residency.loaded(1, 2.0)
    residency.ran(1, 2.0)
    residency.reported(1, 2.0)
    assert residency.tick(100.0) == [Unload(1, "stt")]


def test_the_last_card_is_never_pinned() -> None:
    residency = Residency(1, MODELS, 300.0, ("tts",))
    warm(residency, 0, "tts", 0.0)
    assert Unload(0, "tts") in residency.ask("a", "stt", 1.0)


def test_an_idle_model_is_unloaded_after_its_time_and_not_before() -> None:
    residency = two_cards(idle_s=300.0)
    warm(residency, 0, "stt", 0.0)
    assert residency.tick(299.9) == []
    assert residency.tick(300.0) == [Unload(0, "stt")]
    assert residency.tick(301.0) == []  # it is on its way
    assert residency.unloaded(0, 301.0) == []
    assert residency.cards[0].state is Lifecycle.UNLOADED
    assert residency.cards[0].evictions == 0


def test_what_is_in_flight_is_never_cut() -> None:
    residency = Residency(1, MODELS, 1.0)
    residency.ask("a", "stt", 0.0)
    residency.loaded(0, 0.0)
    assert residency.ask("b", "vision", 0.0) == [Wait("b", "its turn on the card of vision")]
    assert residency.tick(100.0) == []
    residency.ran(0, 101.0)
    assert residency.reported(0, 101.0) == [Unload(0, "stt")]


def test_a_model_that_others_keep_busy_goes_when_somebody_waited_long_enough() -> None:
    residency = Residency(1, MODELS, 300.0)
    residency.ask("a0", "stt", 0.0)
    residency.loaded(0, 0.0)
    residency.ask("b", "vision", 0.5)
    for turn in range(1, 4):
        now_s = float(turn)
        residency.ask(f"a{turn}", "stt", now_s)
        residency.ran(0, now_s)
        assert residency.reported(0, now_s) == [Run(0, "stt", f"a{turn}")]
    residency.ask("a4", "stt", 4.0)
    assert residency.tick(0.5 + PATIENCE_S) == []
    residency.ran(0, 6.0)
    assert residency.reported(0, 6.0) == [Unload(0, "stt")]
    assert residency.unloaded(0, 6.0) == [Load(0, "vision")]
    assert residency.loaded(0, 7.0) == [Run(0, "vision", "b")]


def test_who_is_more_urgent_is_served_first() -> None:
    residency = two_cards()
    residency.ask("a", "stt", 0.0, priority=2)
    residency.ask("b", "stt", 0.1, priority=2)
    residency.ask("c", "stt", 0.2, priority=7)
    assert residency.loaded(0, 1.0) == [Run(0, "stt", "c")]


def test_a_load_that_failed_is_told_to_all_who_wait_and_backs_off() -> None:
    residency = two_cards()
    residency.ask("a", "stt", 0.0)
    residency.ask("b", "stt", 0.0)
    assert residency.load_failed(0, "too large", 1.0) == [
        Refuse("a", "too large"),
        Refuse("b", "too large"),
    ]
    assert residency.ask("c", "stt", 1.5) == [Refuse("c", "too large; it is tried again in 2 s")]
    assert Load(0, "stt") in residency.ask("d", "stt", 1.0 + BACKOFF_S)
    residency.load_failed(0, "too large", 4.0)
    assert residency.ask("e", "stt", 4.0 + BACKOFF_S) == [Refuse("e", "too large; it is tried again in 2 s")]


def test_an_operation_whose_card_dies_is_begun_once_more_and_then_refused() -> None:
    residency = two_cards()
    residency.ask("a", "stt", 0.0)
    residency.loaded(0, 0.0)
    assert residency.died(0, "its process ended", 1.0) == [Load(0, "stt")]
    assert residency.loaded(0, 2.0) == [Run(0, "stt", "a")]
    assert residency.died(0, "its process ended", 3.0) == [Refuse("a", "its process ended")]
    assert residency.cards[0].state is Lifecycle.UNLOADED


def test_a_card_that_dies_while_loading_backs_off_like_any_failed_load() -> None:
    residency = two_cards()
    residency.ask("a", "stt", 0.0)
    assert residency.died(0, "its process ended", 1.0) == [Refuse("a", "its process ended")]
    assert isinstance(residency.ask("b", "stt", 1.1)[0], Refuse)


def test_who_gives_up_is_not_run() -> None:
    residency = two_cards()
    residency.ask("a", "stt", 0.0)
    residency.cancel("a", 0.5)
    assert residency.loaded(0, 1.0) == []


def test_the_life_of_a_card_knows_its_successors() -> None:
    assert Lifecycle.WARM in Lifecycle.REPORTING.successors
    assert Lifecycle.PROCESSING not in Lifecycle.UNLOADED.successors
    with pytest.raises(ValueError, match="cannot go from unloaded to warm"):
        two_cards().loaded(0, 0.0)


def test_what_is_on_the_cards_comes_back() -> None:
    residency = two_cards()
    warm(residency, 0, "stt", 4.0)
    again = two_cards()
    again.restore(residency.state())
    assert again.state() == residency.state()
    assert again.ask("a", "stt", 5.0) == [Run(0, "stt", "a")]
    with pytest.raises(ValueError, match="no model of this host"):
        Residency(2, ("tts",), 1.0).restore(residency.state())


class Simulated:
    """Cards in simulated time: loads and runs take a while, some fail, some processes die."""

    def __init__(self, residency: Residency, seed: int, trouble: float) -> None:
        self.residency = residency
        self._rng = Chance(seed).generator("cards")
        self._trouble = trouble
        self._events: list[tuple[float, int, Callable[[float], list[Intent]]]] = []
        self._order = count()
        self._epoch = [0] * len(residency.cards)
        self.holds = [""] * len(residency.cards)
        self.busy = [""] * len(residency.cards)
        self.answered: dict[str, str] = {}

    def at(self, time_s: float, event: Callable[[float], list[Intent]]) -> None:
        heapq.heappush(self._events, (time_s, next(self._order), event))

    def live(self) -> None:
        while self._events:
            now_s, _, event = heapq.heappop(self._events)
            for intent in event(now_s):
                self._perform(intent, now_s)
            self._check()

    def _perform(self, intent: Intent, now_s: float) -> None:
        match intent:
            case Load(card, model):
                assert not self.holds[card]
                assert model not in self.holds
                self.holds[card] = model
                self._later(card, now_s + self._rng.uniform(1, 10), self._load_ends)
            case Unload(card, model):
                assert self.holds[card] == model
                assert not self.busy[card]
                self._later(card, now_s + 0.1, self._unload_ends)
            case Run(card, model, operation):
                assert self.holds[card] == model
                assert not self.busy[card]
                self.busy[card] = operation
                self._later(card, now_s + self._rng.uniform(0.05, 1), self._run_ends)
            case Refuse(operation, reason):
                self._answer(operation, reason)
            case Wait(operation, _):
                assert operation not in self.answered

    def leave(self, operation: str, now_s: float) -> list[Intent]:
        if operation not in self.answered and operation not in self.busy:
            self._answer(operation, "left")
        return self.residency.cancel(operation, now_s)

    def _later(self, card: int, time_s: float, what: Callable[[int, float], list[Intent]]) -> None:
        epoch = self._epoch[card]
        if self._rng.random() < self._trouble:
            what = self._dies
        self.at(time_s, lambda now_s: what(card, now_s) if self._epoch[card] == epoch else [])

    def _load_ends(self, card: int, now_s: float) -> list[Intent]:
        if self._rng.random() < self._trouble:
            self.holds[card] = ""
            return self.residency.load_failed(card, "broken", now_s)
        return self.residency.loaded(card, now_s)

    def _unload_ends(self, card: int, now_s: float) -> list[Intent]:
        self.holds[card] = ""
        return self.residency.unloaded(card, now_s)

    def _run_ends(self, card: int, now_s: float) -> list[Intent]:
        self._answer(self.busy[card], "")
        self.busy[card] = ""
        return self.residency.ran(card, now_s) + self.residency.reported(card, now_s)

    def _dies(self, card: int, now_s: float) -> list[Intent]:
        self._epoch[card] += 1
        self.holds[card] = self.busy[card] = ""
        return self.residency.died(card, "dead", now_s)

    def _answer(self, operation: str, reason: str) -> None:
        assert operation not in self.answered, "answered twice"
        self.answered[operation] = reason

    def _check(self) -> None:
        told = [card.model for card in self.residency.cards]
        assert told == self.holds, "the residency must know what the cards hold"
        held = [model for model in self.holds if model]
        assert len(set(held)) == len(held), "no model is on two cards"


@settings(max_examples=8)
@given(
    seed=st.integers(0, 1 << 32),
    cards=st.integers(1, 3),
    trouble=st.sampled_from((0.0, 0.02, 0.2)),
    hurry=st.sampled_from((0.1, 1.0, 10.0)),
    leaving=st.sampled_from((0.0, 0.3)),
)
def test_a_thousand_concurrent_requests_never_put_two_models_on_a_card_and_all_are_answered(
    seed: int, cards: int, trouble: float, hurry: float, leaving: float
) -> None:
    rng = Chance(seed).generator("requests")
    simulated = Simulated(Residency(cards, MODELS, 20.0, ("tts",)), seed, trouble)
    names = [f"o{number}" for number in range(1000)]
    now_s = 0.0
    for name in names:
        now_s += float(rng.exponential(hurry))
        model, priority = (
            str(rng.choice((*MODELS, "smell"), p=(0.4, 0.3, 0.25, 0.05))),
            float(rng.integers(11)),
        )

        def asked(
            at_s: float, name: str = name, model: str = model, priority: float = priority
        ) -> list[Intent]:
            return simulated.residency.ask(name, model, at_s, priority)

        simulated.at(now_s, asked)
        if rng.random() < leaving:
            simulated.at(
                now_s + float(rng.exponential(5.0)),
                lambda at_s, name=name: simulated.leave(name, at_s),  # type: ignore[misc]
            )
    for second in range(int(now_s) + 3000):
        simulated.at(float(second), simulated.residency.tick)
    simulated.live()
    assert set(simulated.answered) == set(names)
    if not trouble:
        assert {reason[:20] for reason in simulated.answered.values()} <= {"", "left", "there is no model 's"}
