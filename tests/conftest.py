"""What holds for every test: a law is searched for counterexamples without a stopwatch, the machine may be slow."""

from hypothesis import settings

settings.register_profile("nimmer", deadline=None)
settings.load_profile("nimmer")
