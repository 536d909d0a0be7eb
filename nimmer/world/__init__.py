"""Where it lives: the grid-graph world, its levels, its rules and its quiz. Pure: no clock, no I/O but files of levels."""
