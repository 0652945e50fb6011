"""Make the recorded runs again, or those that are named, after a change of the engine, presets or scenes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from gan_edu.labs import recorded

FOLDER = Path(recorded.__file__).parent

ALL = (
    "rotating",
    "covering",
    "stabilised",
    "unrolled",
    "approach",
    "orbit",
    "matching",
    "parallel_lines",
    "batches",
    "mad",
    "similar",
    "envelopes",
    "twenty_five",
)

for preset in sys.argv[1:] or ALL:
    run, curves = recorded.make(preset)
    (FOLDER / f"{preset}.run").write_bytes(run)
    (FOLDER / f"{preset}.json").write_text(json.dumps(curves, separators=(",", ":")).replace("NaN", "null"))
    print(f"{preset}: {len(run):,} bytes")
