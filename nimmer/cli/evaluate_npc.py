"""`nimmer evaluate npc`: to come."""

from nimmer.errors import NimmerError


def npc() -> None:
    """Not there yet: nimmer evaluate npc."""
    raise NimmerError("not there yet")
