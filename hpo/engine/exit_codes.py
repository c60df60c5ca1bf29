"""With which codes the commands end."""

from __future__ import annotations

DONE, FAILED, MISTAKE, INTERRUPTED = 0, 1, 2, 130
