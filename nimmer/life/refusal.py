"""Why a gate refuses a wave that cannot be right: the words that are counted and shown.

Looked for only once a wave is refused, so that a good one pays nothing for it.
"""

from math import inf

from nimmer.life.wave import Wave


def reason_of(wave: Wave, domain: str, size: int | None, oldest_s: float, newest_s: float) -> str:
    """Return the first reason there is against `wave`.

    size: how many values its cell has, None when it is no cell of `domain`; oldest_s, newest_s: the times that are
    still believed.
    """
    total = sum(wave.values)
    reasons = (
        (size is None, f"not a cell of domain {domain}"),
        (len(wave.values) != size, f"not the {size} values of its kind"),
        (not 0.0 <= wave.confidence <= 1.0, "confidence outside 0..1"),
        (not abs(wave.time_s) < inf, "time is not finite"),
        (wave.time_s > newest_s, "more than a minute ahead: its clock is wrong"),
        (wave.time_s < oldest_s, "older than the newest wave: its clock went back"),
        (total - total != 0.0, "a value is not finite"),
    )
    return next((text for holds, text in reasons if holds), "more sources than one gate remembers")
