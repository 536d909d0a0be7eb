"""`nimmer train npc`: to come."""

from nimmer.errors import NimmerError


def npc() -> None:
    """Not there yet: nimmer train npc."""
    raise NimmerError("not there yet")
