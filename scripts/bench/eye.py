"""A look of the eye against its bare model; and a village that learns by the eye against one that learns by an oracle.

Ours: `OnnxDetector.detect` on frames of 192 x 192, from pixels to things. Rival: onnxruntime's `run` of the same model
on the prepared input, one thread each. The ratio is ours / rival in CPU time, the goal at most 1.6.

Then world ticks until 25 explorers pass the quiz of level 2: looks go through the eye, half a look answered per tick;
rival: looks are true at once. The ratio says what seeing costs; it has no goal but to end, wrong sights and all.

    scripts/bench/run eye
"""

import time
from importlib.resources import as_file, files

import numpy as np
import onnxruntime
from measurement import Measurement, median_of_pairs
from numpy.typing import NDArray

from nimmer.chance import Chance
from nimmer.engines.detector import SHIPPED, OnnxDetector
from nimmer.eye.judging import held_out_frames
from nimmer.eye.rendering import render
from nimmer.eye.scene import scene_at
from nimmer.eye.style import Split, draw_style, generator
from nimmer.eye.traits import traits_seen
from nimmer.life.percept import features, unpack
from nimmer.minds.explorer import Explorer
from nimmer.world.garden import RealGarden, View, Wants
from nimmer.world.glances import Glance, Glances, GlanceTally
from nimmer.world.levels import load_levels
from nimmer.world.rules import Rules

NPCS = 25
SEED = 1
LOOKS_PER_TICK = 0.5
QUIZ_TICKS = 20
MOST_TICKS = 20_000
FRAMES = 100


def measure(quick: bool) -> list[Measurement]:
    """Return the cost of a look, and what it costs a village to learn by looking."""
    eye = OnnxDetector()
    level = 1 if quick else 2
    by_eye, by_oracle = pass_by_eye(eye, level), pass_by_eye(None, level)
    note = f"{by_eye.tally.seen} looks answered, {by_eye.wrong} of them wrong, {by_eye.tally.forgotten} beliefs given up"
    ratio = by_eye.ticks / by_oracle.ticks
    return [
        cost_of_a_look(eye, 2 if quick else 7),
        Measurement(
            f"level {level} passed", by_eye.ticks, "world ticks", "oracle", by_oracle.ticks, ratio, "> 1", ratio > 1, note
        ),
    ]  # fmt: skip


def cost_of_a_look(eye: OnnxDetector, pairs: int) -> Measurement:
    """Return the CPU time of `detect` beside that of the bare model."""
    frames = [frame.pixels for frame in held_out_frames(FRAMES)]
    inputs = [
        np.ascontiguousarray(frame.transpose(2, 0, 1)[None].astype(np.float32) / np.float32(255))
        for frame in frames
    ]

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    with as_file(files("nimmer.engines") / "shipped" / SHIPPED) as file:
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    def ours() -> float:
        begun_s = time.process_time()
        for frame in frames:
            eye.detect(frame)
        return (time.process_time() - begun_s) / FRAMES * 1000

    def bare() -> float:
        begun_s = time.process_time()
        for one in inputs:
            session.run(["boxes"], {"images": one})
        return (time.process_time() - begun_s) / FRAMES * 1000

    ours(), bare()
    found = median_of_pairs(ours, bare, pairs)
    return found.measurement("a look", "ms of a core", "onnxruntime alone", "<= 1.6")


class Passing:
    """A village of explorers on its way through one level."""

    def __init__(self, eye: OnnxDetector | None, number: int) -> None:
        """Begin; without an eye looks are true."""
        self.eye = eye
        self.garden = RealGarden(load_levels(), Rules(look_by_eye=int(eye is not None)), SEED, NPCS)
        self.garden.begin(number)
        self.ticks = self.wrong = 0
        self._glances = Glances(512)
        self._may_look = 0.0
        neighbours = self.garden.level.graph.neighbours.tolist()
        chance = Chance(SEED)
        self._minds = [
            Explorer(neighbours, chance.generator("evaluation", "mind", npc)) for npc in range(NPCS)
        ]

    @property
    def tally(self) -> GlanceTally:
        """Return what became of looks."""
        return self._glances.tally

    def turn(self, view: View) -> View:
        """Let a tick pass."""
        self.ticks += 1
        verbs, slots = self._decide(view)
        wants = Wants(
            np.full(NPCS, self.ticks, np.uint64), np.full(NPCS, self.garden.tick, np.uint64), verbs, slots,
            np.ones(NPCS, np.bool_),
        )  # fmt: skip
        turn = self.garden.turn(wants, self._glances.take(self.garden.level.number))
        if self.eye is not None:
            self._glances.look(turn.frame, self.garden.village)
            self._may_look = min(self._may_look + LOOKS_PER_TICK, 4.0)
            while self._may_look >= 1 and (glance := self._glances.next()) is not None:
                self._may_look -= 1
                self._answer(glance)
        return turn.view

    def passed(self) -> bool:
        """Hold the quiz when everybody believes to know every house; what it finds wrong is given up."""
        garden = self.garden
        if self.ticks % QUIZ_TICKS or not (garden.village.facts == garden.level.nodes).all():
            return False
        quiz = garden.examine()
        self._glances.correct(~quiz.correct, garden.village)
        return quiz.passed

    def _decide(self, view: View) -> tuple[NDArray[np.uint8], NDArray[np.int8]]:
        acts = []
        for mind, record, known in zip(self._minds, view.records, view.known, strict=True):
            seen = record.tobytes()
            acts.append(mind.decide(unpack(seen), features(seen), known))
        return np.array([act.verb for act in acts], np.uint8), np.array([act.slot for act in acts], np.int8)

    def _answer(self, glance: Glance) -> None:
        assert self.eye is not None
        level = self.garden.level
        chance = generator(SEED + glance.tick, Split.HELD_OUT, glance.npc)
        style = draw_style(Split.HELD_OUT, chance)
        frame = render(scene_at(level, glance.node, glance.occupants), style, chance)
        traits = level.mask(traits_seen(self.eye.detect(frame.pixels), level.vocabulary))
        self.wrong += traits != int(level.traits[glance.node])
        self._glances.answer(glance, traits)


def pass_by_eye(eye: OnnxDetector | None, number: int) -> Passing:
    """Return a village that has passed a level, or is at its last tick."""
    village = Passing(eye, number)
    view = village.garden.view()
    while village.ticks < MOST_TICKS:
        view = village.turn(view)
        if village.passed():
            break
    return village
