"""The words the eye knows: everything it can point at in a frame, in the order of the detector's outputs.

Source: nimmer/world/levels.toml (the vocabularies of levels 1 to 3).
"""

HOUSE = "house"
NPC = "npc"
WELL = "well"
FAR_WELL = "well 3 m away"
"""A trait that is no label: it is a well, told from the one at the door by where it stands."""
SMOKE = "smoke"
HANDLE = "iron handle"
COLOURS = ("red", "blue", "green", "yellow", "white", "grey")
MATERIALS = ("oak", "birch", "pine", "stone", "clay")
DOORS = ("wooden door", "iron door", "open door")
ROOFS = ("tiled roof", "thatched roof", "flat roof")
FITTINGS = (HANDLE, "window")
YARD = ("bench", "tree", "barrel", "garden", "stairs")
GROUPS = (COLOURS, MATERIALS, DOORS, ROOFS)
"""Of each group a house has one at most."""
LABELS = (HOUSE, NPC, WELL, SMOKE, *COLOURS, *MATERIALS, *DOORS, *ROOFS, *FITTINGS, *YARD)
TRAITS = (WELL, FAR_WELL, SMOKE, *COLOURS, *MATERIALS, *DOORS, *ROOFS, *FITTINGS, *YARD)
"""The traits of a house that can be seen."""
