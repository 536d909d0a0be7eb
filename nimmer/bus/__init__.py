"""What is said: subjects, messages, the bus port and its NATS driver and in-memory twin."""
