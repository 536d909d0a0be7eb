"""The configuration: what can be set (`Settings`), and where each value comes from (`load`)."""

from nimmer.config.loading import Loaded, load
from nimmer.config.settings import Settings

__all__ = ["Loaded", "Settings", "load"]
