"""Every error nimmer raises on purpose, as one tree, so that a caller can catch by meaning.

NimmerError
|- ConfigError            a setting is unknown or out of range
|- WorldError             the world cannot be built or stepped
|  |- GraphError          a world graph file is broken
|  `- LevelError          a levels file is broken, or a level is unknown
|- NerveError             a table of nerves, or its rules of evolution, cannot work
|- WeightsError           a brain's weights file is missing, corrupt or of another shape
|- ArenaError             the shared-memory arena is missing, foreign or of another layout
|- MessageError           a message is malformed, oversized, of a wrong version or on an unknown subject
|- BusError               the bus refused or lost an operation
|  |- BusUnavailableError no broker answers
|  `- BusPermissionError  the identity may not use that subject
|- StoreError             a store refused an operation
|  |- StoreUnavailableError  no server answers
|  |- SpoolFullError      the disk spool cannot take the rows, so they are not acknowledged
|  `- MigrationError      a migration was changed after it was applied, or failed
|- CortexError            the cortex or its boundary cannot answer
|  `- EngineError         the engine is away, hangs, or answered nonsense
|     `- EngineRefusedError   the engine is well and refuses this request
|- OrganError             an organ refuses or fails
|  |- OrganBusyError      an operation found no place in the queue, or no turn in time
|  `- CardError           a card cannot load or hold a model
|     `- CardLostError    a card's process ended, or it holds another model than was thought
|- HostError              the host machine lacks or refuses something (cgroup, port, binary, state directory)
`- ReplayError            an action log is broken, or a replay diverged from it
"""


class NimmerError(Exception):
    """Base of every error nimmer raises on purpose."""


class ConfigError(NimmerError):
    """A setting is unknown or out of range."""


class WorldError(NimmerError):
    """The world cannot be built or stepped."""


class GraphError(WorldError):
    """A world graph file is broken."""


class LevelError(WorldError):
    """A levels file is broken, or a level is unknown."""


class NerveError(NimmerError):
    """A table of nerves, or its rules of evolution, cannot work."""


class WeightsError(NimmerError):
    """A brain's weights file is missing, corrupt or of another shape."""


class ArenaError(NimmerError):
    """The shared-memory arena is missing, foreign or of another layout."""


class MessageError(NimmerError):
    """A message is malformed, oversized, of a wrong version or on an unknown subject."""


class BusError(NimmerError):
    """The bus refused or lost an operation."""


class BusUnavailableError(BusError):
    """No broker answers."""


class BusPermissionError(BusError):
    """The identity may not publish to, or subscribe to, that subject."""


class StoreError(NimmerError):
    """A store refused an operation."""


class StoreUnavailableError(StoreError):
    """No database server answers."""


class SpoolFullError(StoreError):
    """The disk spool cannot take the rows, so they are not acknowledged."""


class MigrationError(StoreError):
    """A migration failed, or was changed after it was applied."""


class CortexError(NimmerError):
    """The cortex or its boundary cannot answer."""


class EngineError(CortexError):
    """The engine is away, hangs, or answered nonsense."""


class EngineRefusedError(EngineError):
    """The engine is well and refuses this request: its prompt is too long, or it asks for what it cannot do."""


class OrganError(NimmerError):
    """An organ refuses what it is given, or fails."""


class OrganBusyError(OrganError):
    """An operation found no place in the queue, or its turn did not come in time."""


class CardError(OrganError):
    """A card cannot load a model: unknown, too large, broken, or tried too often."""


class CardLostError(CardError):
    """The process of a card ended, or it was revived and holds nothing of what was thought."""


class HostError(NimmerError):
    """The host machine lacks or refuses something: a cgroup, a port, a binary, a directory."""


class ReplayError(NimmerError):
    """An action log is broken, or a replay diverged from it."""
