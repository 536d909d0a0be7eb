"""What is remembered of an answer: a sentence made from what stands in its row, so that iris can be made again from it.

Source: docs/domain.md section 10 (answers become memories); docs/boundary.md, "Memories".
"""

from collections.abc import Mapping, Sequence
from typing import Any

from nimmer.cortex.asking import QUESTION

LONGEST = 400
"""Characters of one memory."""


def remembrance(
    request: Mapping[str, Any], response: Mapping[str, Any], commands: Sequence[Mapping[str, Any]]
) -> str:
    """Return the text of a memory, from the JSON values of a call's row: the question, the answer, what was done."""
    fields, result = request.get("structured_input", {}), response.get("result", {})
    asked = str(fields.get(QUESTION) or request.get("event_type", ""))
    done = [f"{one.get('target')} {one.get('command')}" for one in commands if one.get("fate") == "accepted"]
    did = f" Done: {', '.join(done)}." if done else ""
    answer = str(result.get("answer", "")).strip()
    return " ".join(f"{asked} {answer}{did}".split()).replace("\0", "")[:LONGEST]
