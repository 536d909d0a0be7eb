"""Local servers for a machine that has none: NATS, PostgreSQL and Chroma as guarded children."""
