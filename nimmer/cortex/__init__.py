"""The cortex as pure decisions: whose turn it is, what it may cost, what is asked, what an answer may command."""
