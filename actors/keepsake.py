"""A keepsake: the small JSON file by which a shell's successor knows what its predecessor knew.

Written whole or not at all. One that cannot be read is no reason to fail: it is said, and life begins anew.
"""

import json
from pathlib import Path
from typing import Any

from actors.charter import Charter
from actors.shell import log


class Keepsake:
    """The file `name`.json of one run."""

    def __init__(self, charter: Charter, name: str) -> None:
        """Name the file; it is made at the first `write`."""
        self.path = Path(charter.state_dir) / "runs" / charter.run / f"{name}.json"
        self._failing = False

    def read(self) -> dict[str, Any]:
        """Return what was written last, empty when there is nothing or it is of no use."""
        try:
            state = json.loads(self.path.read_text())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            self.useless(error)
            return {}
        return state if isinstance(state, dict) else {}

    def write(self, state: dict[str, Any]) -> None:
        """Replace the file by `state`; a disk that cannot take it is said once, and tried again next time."""
        fresh = self.path.with_suffix(".new")
        try:
            fresh.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(json.dumps(state))
            fresh.replace(self.path)
        except OSError as error:
            if not self._failing:
                log.warning("what should be kept in %s cannot be: %s", self.path, error)
            self._failing = True
        else:
            self._failing = False

    def useless(self, error: Exception) -> None:
        """Say that what was kept cannot be used."""
        log.warning("what was kept in %s is of no use: %s", self.path, error)
