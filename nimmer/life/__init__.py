"""What lives: waves, cells, gates, nerves and the body that runs them. Pure: no clock, no I/O."""
