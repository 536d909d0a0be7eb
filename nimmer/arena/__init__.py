"""The shared-memory arena of one host: control words, observations, actions and event rings per NPC."""
