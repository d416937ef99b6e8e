"""How much is tried: a fixed, quick selection by default, `FUZZ_EXAMPLES=20000` for a long run of new ones."""

import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings

sys.path.insert(0, str(Path(__file__).parent))

COMMON = {
    "database": None,
    "deadline": None,  # hangs are found by pytest's timeout: the machine may be busy with others
    "suppress_health_check": list(HealthCheck),
    "phases": (Phase.explicit, Phase.generate),  # shrinking takes minutes where a message has 300 fields
    "report_multiple_bugs": False,
    "print_blob": True,
}
settings.register_profile("quick", max_examples=40, derandomize=True, **COMMON)
settings.register_profile("long", max_examples=int(os.environ.get("FUZZ_EXAMPLES") or 1), **COMMON)
settings.load_profile("long" if os.environ.get("FUZZ_EXAMPLES") else "quick")
