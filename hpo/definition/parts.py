"""What the Optuna studies are called that belong to another one, where the name is free.

Nothing is found by these names: see hpo.record.parts.
"""

from __future__ import annotations

FINAL_SUFFIX = "-final"

CERTIFICATE_SUFFIX = "-certificate"
