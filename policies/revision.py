"""Which source made something: the git revision, for the cards of weights.

Source: docs/training.md, "The card".
"""

import subprocess
from pathlib import Path


def revision() -> str:
    """Return the first twelve digits of the checkout's revision, "+" behind where it was changed; else "unknown"."""
    here = Path(__file__).parent
    try:
        done = subprocess.run(
            ["git", "-C", str(here), "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip() or "unknown"
