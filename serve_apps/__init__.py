"""Ray Serve deployments of the cortex, Function Gemma and the organs. Empty until they are built."""
