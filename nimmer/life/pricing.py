"""How a printed price becomes the price that is charged: the port between the economy and who must pay.

Source: docs/domain.md section 6 (costs are to be measured; printed prices are starting values).
"""

from typing import Protocol


class Pricing(Protocol):
    """Prices of one life, in lifeforce. `printed` is the domain's own number for the thing named."""

    def cell(self, name: str, printed: float) -> float:
        """Return what one poll or wave of the cell called `name` costs."""
        ...

    def gate(self, name: str, printed: float) -> float:
        """Return what leaving STABLE costs the gate called `name`."""
        ...

    def nerve(self, name: str, printed: float) -> float:
        """Return what an edge printed at `printed` costs the nerve called `name`."""
        ...
