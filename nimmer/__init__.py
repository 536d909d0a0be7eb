"""nimmer: the runtime of a research organism of cells, gates, nerves and a village of NPCs."""

__version__ = "0.1.0"
