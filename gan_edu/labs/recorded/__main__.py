"""Make the recorded runs again, after a change of the engine, the presets or the scenes."""

from __future__ import annotations

import json
from pathlib import Path

from gan_edu.labs import recorded

FOLDER = Path(recorded.__file__).parent

for preset in ("rotating", "covering"):
    run, curves = recorded.make(preset)
    (FOLDER / f"{preset}.run").write_bytes(run)
    (FOLDER / f"{preset}.json").write_text(json.dumps(curves, separators=(",", ":")).replace("NaN", "null"))
    print(f"{preset}: {len(run):,} bytes")
