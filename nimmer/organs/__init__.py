"""The organs as pure decisions: which model is on which card, what is served in a beat, what a sense makes a wave of."""
