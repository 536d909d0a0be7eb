"""Ray actors: thin shells around the pure classes of nimmer."""
