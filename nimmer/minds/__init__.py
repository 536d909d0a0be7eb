"""What thinks: the ports to brains, cortex and organs, and the brains that need no server."""
