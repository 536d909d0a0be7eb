"""Ray Serve deployments of the cortex, Function Gemma and the organs: none in this release.

The package is their place among the layers, beside the actors, which reach them through a port and a handle and never by
import. Source: docs/domain.md sections 9 and 10.
"""
