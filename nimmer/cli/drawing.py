"""Whether pictures can be drawn here, asked before the work they would show.

Source: docs/training.md (the extra `training`).
"""

from nimmer.errors import HostError


def can_draw(option: str) -> None:
    """Raise HostError, naming `option` and the fix, where matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401  # only whether it is there
    except ImportError as error:
        raise HostError(
            f"{option} draws with matplotlib, which is not installed: `pip install 'nimmer[training]'`"
        ) from error
