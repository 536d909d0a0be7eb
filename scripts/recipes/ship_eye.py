"""Judges a trained eye on the held-out set, writes what it reaches on its card and into a table, and ships it.

python scripts/recipes/ship_eye.py training/eye-1/eye.onnx
"""

import csv
import shutil
import sys
from pathlib import Path

from nimmer.engines.detector import OnnxDetector
from nimmer.eye.judging import HELD_OUT_SEED, judge_precision, judge_recovery
from nimmer.world.levels import load_levels
from policies.eye_export import write_card

FRAMES = 1000
LOOKS = 1000
ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "nimmer/engines/shipped/eye.onnx"
TABLE = ROOT / "docs/bench/eye_labels.csv"


def main(trained: Path) -> None:
    eye = OnnxDetector(trained)
    found = judge_precision(eye, FRAMES, HELD_OUT_SEED, lambda: None)
    read = [judge_recovery(eye, level, LOOKS, HELD_OUT_SEED, lambda: None) for level in load_levels()]
    card = eye.card | {
        "held_out_seed": HELD_OUT_SEED,
        "held_out_frames": FRAMES,
        "map50": round(found.map50, 4),
        "map50_95": round(found.map50_95, 4),
        "looks_read_right": {str(one.level): [one.exact, one.looks] for one in read},
    }
    SHIPPED.parent.mkdir(exist_ok=True)
    shutil.copyfile(trained, SHIPPED)
    write_card(SHIPPED, card)
    with TABLE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("label", "things", "ap50", "ap50_95"))
        for label in found.ap50:
            areas = (f"{found.ap50[label]:.4f}", f"{found.ap50_95[label]:.4f}")
            writer.writerow((label, found.things[label], *areas))
    print(card)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
