"""What a beat can afford: the speech budget, and the ladder that falls from full quality to silence.

    budget = min(20 % of L, 15)       none below 3
    full 9.5 = hearing 5 + speaking 4 + queue .5
    base and fast 5.5 = 3 + 2 + .5    hearing only 3    silence

Prices are the printed ones times the village's price scale, and the rungs are sums of prices, so they scale alike.
The queue's .5 is charged with speaking. Sight has one quality and one price.
Source: docs/domain.md section 9 (speech for each tick, with its [R]) and section 6 (organ costs).
"""

from enum import Enum

from nimmer.life.economy import ORGAN_COSTS

SHARE = 0.2
MOST_BUDGET = 15.0


class Rung(Enum):
    """How well a beat can afford to hear and speak; the value is the least budget in printed lifeforce."""

    FULL = ORGAN_COSTS["stt"] + ORGAN_COSTS["tts"] + ORGAN_COSTS["speech_queue"]
    BASE = ORGAN_COSTS["stt_base"] + ORGAN_COSTS["tts_fast"] + ORGAN_COSTS["speech_queue"]
    HEARING = ORGAN_COSTS["stt_base"]
    SILENCE = 0.0


_PRICES: dict[Rung, dict[str, float]] = {
    Rung.FULL: {
        "stt": ORGAN_COSTS["stt"],
        "tts": ORGAN_COSTS["tts"] + ORGAN_COSTS["speech_queue"],
        "vision": ORGAN_COSTS["vision_yolo"],
    },
    Rung.BASE: {
        "stt": ORGAN_COSTS["stt_base"],
        "tts": ORGAN_COSTS["tts_fast"] + ORGAN_COSTS["speech_queue"],
        "vision": ORGAN_COSTS["vision_yolo"],
    },
    Rung.HEARING: {"stt": ORGAN_COSTS["stt_base"]},
    Rung.SILENCE: {},
}


def budget(level: float) -> float:
    """Return what one beat may spend at the lifeforce `level`."""
    return min(SHARE * level, MOST_BUDGET)


def rung(spendable: float, price_scale: float) -> Rung:
    """Return the highest rung that a beat's budget reaches."""
    return next(one for one in Rung if spendable >= one.value * price_scale)


def price(organ: str, on: Rung, price_scale: float) -> float | None:
    """Return what one use of `organ` costs on a rung, None when it is silent there."""
    printed = _PRICES[on].get(organ)
    return None if printed is None else printed * price_scale
