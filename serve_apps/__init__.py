"""Ray Serve deployments: the cortex behind its gate, and the organs on their cards.

They are siblings of the actors, which reach them through a Serve handle and never by import.
Source: docs/domain.md sections 9 and 10.
"""
