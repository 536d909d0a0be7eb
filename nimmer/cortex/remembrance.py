"""What is remembered of an answer: a sentence made from what its row holds, so that iris can be made again from it.

Source: docs/domain.md section 10 (answers become memories); docs/boundary.md, "Memories".
"""

from collections.abc import Mapping, Sequence
from typing import Any

LONGEST = 400
"""Characters of one memory."""


def remembrance(question: str, answer: str, commands: Sequence[Mapping[str, Any]]) -> str:
    """Return the text of a memory: the question, the answer, and the commands that the world accepted."""
    done = [f"{one['target']} {one['command']}" for one in commands if one.get("fate") == "accepted"]
    did = f" Done: {', '.join(done)}." if done else ""
    return " ".join(f"{question} {answer}{did}".replace("\0", "").split())[:LONGEST]
