"""Contract suites and fakes: every driver of a port inherits the same tests."""
