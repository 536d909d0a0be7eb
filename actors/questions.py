"""The garden's way to the boundary: who may ask the cortex in a tick, and who did.

The garden never waits: one call for a tick in which somebody asked, its answer looked at by nobody. While the boundary
is being revived questions are lost, and counted; the NPC goes on as ever and asks again.
Source: docs/domain.md section 10; docs/boundary.md.
"""

import logging
from concurrent.futures import Future
from typing import Any

import numpy as np
import ray
from numpy.typing import NDArray

from actors.charter import Charter
from nimmer.arena.memory import Arena

log = logging.getLogger("nimmer")
BOUNDARY = "boundary"


class Questions:
    """The questions of one garden's NPCs on their way to the boundary."""

    def __init__(self, charter: Charter) -> None:
        """Lead to the boundary of `charter`'s run, if it has one."""
        self._namespace = charter.namespace
        self._npcs = charter.npcs
        self._there = charter.cortex_enabled
        self._boundary: Any = None
        self.lost = 0
        """Questions that reached nobody."""

    def permitted(self, arena: Arena) -> NDArray[np.bool_]:
        """Return `(npcs,)` who may ask now: whom the governor permits, nobody where there is no cortex."""
        if not self._there:
            return np.zeros(self._npcs, np.bool_)
        return np.asarray(arena.view("control")["cortex_permission"] != 0)

    def hand_on(self, tick: int, npcs: list[int]) -> None:
        """Tell the boundary who asked in world tick `tick`; waits for nothing."""
        if not npcs:
            return
        try:
            if self._boundary is None:
                self._boundary = ray.get_actor(BOUNDARY, namespace=self._namespace)
            answer = self._boundary.asked.remote(tick, npcs)
        except (ValueError, ray.exceptions.RayError) as error:
            self._lose(len(npcs), error)
            return
        answer.future().add_done_callback(lambda done: self._look(done, len(npcs)))

    def _look(self, done: Future[None], asked: int) -> None:
        """Count what a boundary that is being revived did not hear."""
        if (error := done.exception()) is not None:
            self._lose(asked, error)

    def _lose(self, asked: int, error: BaseException) -> None:
        self._boundary = None
        self.lost += asked
        log.warning("%d questions reach no boundary: %s", asked, error)
