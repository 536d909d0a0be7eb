"""What is kept: the port to traces, its PostgreSQL driver, its in-memory twin and the disk spool."""
