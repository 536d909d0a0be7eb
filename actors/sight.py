"""The garden's way to the eye: looks are rendered, the vision organ is asked, and what it saw waits for the next tick.

The garden's loop never waits for it: a look that the organ does not answer in time is lost and counted, and its NPC,
which still does not know the house, looks again.
Source: docs/eye.md, "The look of an NPC"; docs/domain.md section 9 (vision).
"""

import asyncio
from typing import Protocol

from actors.charter import Charter
from actors.shell import log
from nimmer.bus.identities import NERVOUS
from nimmer.bus.organ_messages import Detections, DetectRequest, Payload
from nimmer.clock import Clock
from nimmer.engines.pictures import png
from nimmer.eye.box import Box
from nimmer.eye.rendering import render
from nimmer.eye.scene import scene_at
from nimmer.eye.seen import Seen
from nimmer.eye.style import Split, draw_style, generator
from nimmer.eye.traits import traits_seen
from nimmer.world.glances import Glance, Glances
from nimmer.world.journal import TickFrame
from nimmer.world.levels import Levels
from nimmer.world.quiz import Quiz
from nimmer.world.sight import Sights
from nimmer.world.state import Village

AT_ONCE = 16
"""Looks before the eye at a time: each waits for the beat of the organs, which serves as many of them as it can pay."""
MOST_WAITING = 512
WITHIN_S = 15.0
"""The longest an answer is waited for: the organs may have to load the eye first."""
RETRY_S = 1.0


class Eye(Protocol):
    """A line to the organs."""

    async def call(self, method: str, *arguments: object) -> Detections:
        """Return what `detect` of the organs answers. Raises a NimmerError when it does not."""
        ...


class Sight:
    """The looks of one village, and the line to the eye that answers them."""

    def __init__(self, charter: Charter, levels: Levels, eye: Eye, clock: Clock) -> None:
        """Begin with nobody looking."""
        self._seed = charter.seed
        self._levels = levels
        self._eye = eye
        self._clock = clock
        self._glances = Glances(MOST_WAITING)
        self._showing: set[asyncio.Task[None]] = set()
        self._blind = False

    def look(self, frame: TickFrame, village: Village) -> None:
        """Take in who looked in a tick, and show the eye what it has time for."""
        self._glances.look(frame, village)
        while len(self._showing) < AT_ONCE and (glance := self._glances.next(village.level)) is not None:
            task = asyncio.create_task(self._show(glance))
            self._showing.add(task)
            task.add_done_callback(self._showing.discard)

    def take(self, level: int) -> Sights | None:
        """Return what was seen since the last call."""
        return self._glances.take(level)

    def correct(self, quiz: Quiz, village: Village) -> None:
        """Let everyone give up what the quiz found wrong."""
        self._glances.correct(~quiz.correct, village)

    def status(self) -> dict[str, int]:
        """Return what became of the looks."""
        return self._glances.status()

    async def close(self) -> None:
        """Let go of the looks that are still before the eye."""
        tasks = list(self._showing)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _show(self, glance: Glance) -> None:
        try:
            request = DetectRequest(Payload(data=await asyncio.to_thread(self._frame, glance)))
            answer = await asyncio.wait_for(self._eye.call("detect", request, NERVOUS), WITHIN_S)
            level = self._levels[glance.level]
            seen = [Seen(one.label, one.confidence, Box(*one.box)) for one in answer.detections]
            traits = level.mask(traits_seen(seen, level.vocabulary))
        except Exception as error:  # whatever it is: else its NPC would count as looking for ever
            self._glances.fail(glance)
            if not self._blind:
                log.warning("the eye does not answer: %s %s", type(error).__name__, error)
            self._blind = True
            await self._clock.sleep_s(RETRY_S)
            return
        self._blind = False
        self._glances.answer(glance, traits)

    def _frame(self, glance: Glance) -> bytes:
        """Return the picture of a look as PNG; run, tick and NPC make it, so it can be made again."""
        chance = generator(self._seed + glance.tick, Split.HELD_OUT, glance.npc)
        scene = scene_at(self._levels[glance.level], glance.node, glance.occupants)
        return png(render(scene, draw_style(Split.HELD_OUT, chance), chance).pixels)
