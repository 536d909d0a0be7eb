"""The numbered SQL files that make phoebe's tables, applied in order by `nimmer.stores.migrate`."""
