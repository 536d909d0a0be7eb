"""`nimmer train governor`: to come."""

from nimmer.errors import NimmerError


def governor() -> None:
    """Not there yet: nimmer train governor."""
    raise NimmerError("not there yet")
