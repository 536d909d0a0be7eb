"""The `nimmer` command; `up` is the composition root."""
