"""Learning: the village as an environment other people's trainers understand."""
