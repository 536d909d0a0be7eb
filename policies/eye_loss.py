"""How far the eye's net is from the truth: focal loss for what is where, GIoU for its box.

Source: CenterNet (arXiv 1904.07850, equation 1); GIoU (arXiv 1902.09630).
"""

from torch import Tensor, maximum, minimum
from torch.nn import functional

from policies.eye_batches import Batch
from policies.eye_net import corners

BOX_SHARE = 3.0


def loss(logits: Tensor, distances: Tensor, middle: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Return the loss of the scores and that of the boxes, both per thing."""
    return focal(logits, batch.heat), BOX_SHARE * giou_loss(corners(distances, middle), batch)


def focal(logits: Tensor, heat: Tensor) -> Tensor:
    """Return the penalty-reduced focal loss: cells near a peak are blamed less for believing in it."""
    certain = heat >= 1
    hit = functional.logsigmoid(logits) * logits.sigmoid().sub(1).square()
    miss = functional.logsigmoid(-logits) * logits.sigmoid().square() * (1 - heat) ** 4
    return -(hit * certain + miss * ~certain).sum() / certain.sum().clamp(min=1)


def giou_loss(boxes: Tensor, batch: Batch) -> Tensor:
    """Return the weighted mean of 1 - GIoU over the cells that have a box."""
    where = batch.weight > 0
    found = boxes.permute(0, 1, 3, 4, 2)[where]
    wanted = batch.boxes.permute(0, 1, 3, 4, 2)[where]
    weight = batch.weight[where]
    common = (
        (minimum(found[:, 2:], wanted[:, 2:]) - maximum(found[:, :2], wanted[:, :2])).clamp(min=0).prod(1)
    )
    whole = _area(found) + _area(wanted) - common
    hull = (maximum(found[:, 2:], wanted[:, 2:]) - minimum(found[:, :2], wanted[:, :2])).prod(1)
    giou = common / whole.clamp(min=1e-9) - (hull - whole) / hull.clamp(min=1e-9)
    return ((1 - giou) * weight).sum() / weight.sum().clamp(min=1e-9)


def _area(boxes: Tensor) -> Tensor:
    return (boxes[:, 2:] - boxes[:, :2]).prod(1)
