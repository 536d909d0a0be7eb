"""`nimmer evaluate governor`: to come."""

from nimmer.errors import NimmerError


def governor() -> None:
    """Not there yet: nimmer evaluate governor."""
    raise NimmerError("not there yet")
