"""What holds for every test: a law is searched for counterexamples without a stopwatch, the machine may be slow."""

import os

from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in every process of a village

settings.register_profile("nimmer", deadline=None)
settings.load_profile("nimmer")
