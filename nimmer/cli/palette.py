"""The colours of nimmer, by meaning. Source: docs/domain.md section 12, visual language."""

BACKGROUND = "#0A0A1A"
RAISED = "#12121F"
TEXT = "#E8E8F0"
DIM = "#B8B8C8"
BRIGHT = "#FFFFFF"
ACTIVE = "#00D4D4"
OK = "#6B8E6B"
WARNING = "#C9A227"
ERROR = "#9B6B6B"
INACTIVE = "#505060"
LIFEFORCE = "#D4A574"
WELL = "#4169E1"
COGNITIVE = "#8B5CF6"
CORAL = "#FF7F6B"

CONFIDENCE = ("#9B6B6B", "#9B8B7B", "#9B9B9B", "#7BA3A3", "#6B8E6B")
"""From -1 to +1 in five steps."""

ENVIRONMENTS = {"dev": "#6B8E6B", "staging": "#D4A574", "prod": "#4169E1"}

GATE_GLYPHS = {-1: ("−", ERROR), 0: ("·", INACTIVE), 1: ("+", ACTIVE)}  # noqa: RUF001  # a true minus, as wide as +
"""A gate's state as one character and its colour: closed, stable, open."""


def shade(share: float) -> str:
    """Return the colour of a share 0..1, from the confidence scale."""
    step = round(min(max(share, 0.0), 1.0) * (len(CONFIDENCE) - 1))
    return CONFIDENCE[step]
