"""The rival of an NPC: an actor that holds nothing and imports nothing. In a file of its own, since workers import it."""

import os


class Empty:
    """An actor without a field."""

    def ready(self) -> int:
        """Return its process."""
        return os.getpid()
