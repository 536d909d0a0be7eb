"""What the Serve apps of an environment are called, for those who start them and those who reach them by name."""


def cortex_app(environment: str) -> str:
    """Return the name of the Serve app of the cortex."""
    return f"{environment}-cortex"


def organs_app(environment: str) -> str:
    """Return the name of the Serve app of the organs."""
    return f"{environment}-organs"
