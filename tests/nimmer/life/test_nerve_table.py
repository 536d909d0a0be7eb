"""Tables of nerves: one of one's own runs, a broken one is refused with a clear reason."""

import tomllib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from nimmer.errors import NerveError
from nimmer.life.action import LOOK, MOVES
from nimmer.life.nerve_table import (
    NERVE_NAMES,
    VOCABULARIES,
    load_nerves,
    make_nerves,
    nerves_of,
    vocabulary_of,
)
from tests.nimmer.life.nerve_scenes import AT_ONCE, CLEAR, percept, scene

TEXT = (files("nimmer.life") / "nerves.toml").read_text()


def refusal(change: Callable[[dict[str, Any]], object], nerve: int = 0) -> str:
    """Return why the built-in table is refused after `change` to one of its nerves."""
    data = tomllib.loads(TEXT)
    change(data["nerve"][nerve])
    with pytest.raises(NerveError) as caught:
        nerves_of(data, "my.toml")
    assert str(caught.value).startswith("my.toml: nerve ")
    return str(caught.value)


def edge(origin: str, to: str, when: str = "always", **more: object) -> dict[str, object]:
    return {"from": origin, "to": to, "cost": 0.0, "when": when, **more}


def add(*edges: dict[str, object]) -> Callable[[dict[str, Any]], object]:
    return lambda table: table["edges"].extend(edges)


def put(key: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda table: table.update({key: value})


def test_every_vocabulary_has_its_number_and_its_nerve() -> None:
    assert [vocabulary.number for vocabulary in VOCABULARIES] == [1, 2, 3, 4]
    assert tuple(spec.name for spec in load_nerves()) == NERVE_NAMES
    assert NERVE_NAMES == ("collision_avoidance", "exploration", "charging", "conversation")
    for spec in load_nerves():
        words = vocabulary_of(spec.name)
        assert {edge.when for edge in spec.edges} | {"always"} == set(words.guards)
        assert {edge.does for edge in spec.edges} | {act for _, act in spec.meanwhile} == {*words.acts, ""}


def test_a_cycle_that_never_acts_is_refused_by_its_states() -> None:
    reason = refusal(add(edge("EVALUATE", "DETECT")))
    assert "the cycle DETECT -> EVALUATE -> DETECT neither acts nor passes IDLE" in reason
    assert "RESUME -> RESUME" in refusal(add(edge("RESUME", "RESUME")))


def test_a_cycle_through_an_act_or_an_outcome_is_none() -> None:
    data = tomllib.loads(TEXT)
    add(edge("EVALUATE", "DETECT", does="hold_back"), edge("RESUME", "RESUME", outcome="failure"))(
        data["nerve"][0]
    )
    assert len(nerves_of(data, "my.toml")) == 4


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (put("required", ["distance_frnt"]), "cell 'distance_frnt' does not exist; did you mean distance_front?"),
        (put("optional", ["nose"]), "cell 'nose' does not exist; there are distance_front"),
        (put("gate", "colision_gate"), "gate 'colision_gate' does not exist"),
        (put("name", "colision_avoidance"), "nerve 'colision_avoidance' does not exist; did you mean coll"),
        (put("states", ["DISABLED", "IDLE"]), "the first two states must be IDLE and DISABLED"),
        (put("states", ["IDLE", "DISABLED", "DETECT"]), "state 'EVALUATE' does not exist"),
        (put("priority", -1), "priority is -1"),
        (put("priority", "high"), "priority is 'high'; it is a number"),
        (put("priorty", 1), "key 'priorty' does not exist; did you mean priority?"),
        (put("edges", []), "no way leads from IDLE to DETECT|IDLE is a dead end"),
        (put("edges", [3]), "edge 1 is 3; write { from"),
        (put("holds", ["IDLE"]), "holds: a nerve at rest"),
        (put("holds", ["RESUM"]), "did you mean RESUME?"),
        (put("meanwhile", {"DETECT": "hold_bak"}), "act 'hold_bak' does not exist; did you mean hold_back?"),
        (put("meanwhile", {"DETECT": 1}), "meanwhile: 1 is no text"),
        (put("monitoring", {"DETECT": -0.1}), "monitoring of DETECT is -0.1"),
        (put("pays", {"win": 5.0}), "outcome 'win' does not exist; there are abandoned, success"),
        (put("pays", {"success": float("inf")}), "pays for success is inf; it is a number from 0 to 1e+06"),
        (put("priority", 1e300), "priority is 1e+300; it is a number from 0 to 1e+06"),
        (put("priority", 10**400), "a number in it has too many digits"),
        (put("pays", {"success": "much"}), "pays: success is 'much'; it is a number"),
        (put("pays_often", 1), "pays_often is 1; it is true or false"),
        (add(edge("DETECT", "EVADE", "dangeros")), "guard 'dangeros' does not exist; did you mean dangerous?"),
        (add(edge("DETECT", "EVADE", does="evad")), "act 'evad' does not exist; did you mean evade?"),
        (add(edge("DETECT", "DISABLED")), "DISABLED is entered when a required cell fails"),
        (add({**edge("DETECT", "EVADE"), "cost": -1.0}), "cost is -1.0; it is a number from 0"),
        (add({**edge("DETECT", "EVADE"), "cost": float("nan")}), "cost is nan"),
        (add({"from": "DETECT", "to": "EVADE", "cost": 1.0}), "edge 12: when is missing; it is a text"),
        (add(edge("DETECT", "IDLE", outcome="won")), "outcome 'won' does not exist"),
        (lambda table: table.pop("gate"), "gate is missing; it is a text"),
        (lambda table: table["states"].append("LIMBO"), "no way leads from IDLE to LIMBO"),
        (lambda table: table["states"].append("DETECT"), "a state is named twice"),
    ],
)  # fmt: skip
def test_a_broken_nerve_is_refused_by_name_with_what_is_allowed(
    change: Callable[[dict[str, Any]], object], reason: str
) -> None:
    said = refusal(change)
    assert any(part in said for part in reason.split("|")), said


def test_a_dead_end_is_refused() -> None:
    def end(table: dict[str, Any]) -> None:
        table["states"].append("LIMBO")
        table["edges"].append(edge("RESUME", "LIMBO"))

    assert "LIMBO is a dead end; add an edge that leaves it" in refusal(end)


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nerves.toml"
    with pytest.raises(NerveError, match=r"nerves.toml: cannot be read: No such file"):
        load_nerves(path)
    for text, reason in [
        ("nerve = [", "is no TOML"),
        ("", "one \\[\\[nerve\\]\\] per nerve"),
        ("nerve = [1]", "nerve 1 is 1; write it as"),
        ("x = 1\n" + TEXT, "and nothing else"),
        (TEXT + TEXT, "nerve collision_avoidance is there twice"),
        ("x = " + "[" * 5000, "is no TOML"),
    ]:
        path.write_text(text)
        with pytest.raises(NerveError, match=reason):
            load_nerves(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(NerveError, match="is no TOML"):
        load_nerves(path)


def test_a_table_of_ones_own_runs_and_keeps_the_nerves_numbers(tmp_path: Path) -> None:
    path = tmp_path / "nerves.toml"
    path.write_text(
        '[[nerve]]\nname = "exploration"\ngate = "exploration_gate"\npriority = 7\n'
        'states = ["IDLE", "DISABLED", "WALK"]\n'
        'edges = [\n  { from = "IDLE", to = "WALK", cost = 2, when = "wants_to_move", does = "move" },\n'
        '  { from = "WALK", to = "IDLE", cost = 0, when = "always" },\n]\n'
    )
    (mine,) = make_nerves(load_nerves(path), 0.5, rules=AT_ONCE)
    claim = mine.step(scene(percept(1), MOVES[1], CLEAR), 0.1)
    assert claim is not None
    assert (claim.nerve, claim.priority, claim.action) == (2, 7.0, MOVES[1])
    assert mine.collect() == pytest.approx(1.0)
    mine.step(scene(percept(2, 8), LOOK, CLEAR, learned=1), 0.1)
    assert [run.nerve for run in mine.finished] == [2]


def test_a_state_of_another_table_keeps_its_sums_and_forgets_its_paths(tmp_path: Path) -> None:
    old, new = make_nerves(load_nerves()[1:2], rules=AT_ONCE)[0], tmp_path / "nerves.toml"
    old.step(scene(percept(1), MOVES[1], CLEAR), 0.1)
    new.write_text(TEXT.replace('to = "MOVE", cost = 0.5', 'to = "MOVE", cost = 0.6'))
    other = make_nerves(load_nerves(new)[1:2], rules=AT_ONCE)[0]
    other.restore(old.state())
    assert (other.current, other.activations, other.due) == (0, 1, old.due)
