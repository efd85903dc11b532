"""Ready tags: what a marketer asks for by name, filled in from the catalogue and open to change.

`TEMPLATES` lists them, one entry each; what they propose becomes tags only when somebody saves it.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.tags.templates.habits import ACTIVE_HOUR, AGE_BAND, BROWSING, PREFERENCE, PRICE, SILENCE
from core.tags.templates.lifecycle import JOURNEY, LIFECYCLE
from core.tags.templates.proposals import Proposal, Slot, Template
from core.tags.templates.rfm import RFM

__all__ = ["TEMPLATES", "Proposal", "Slot", "Template"]

TEMPLATES: Mapping[str, Template] = {
    template.key: template
    for template in (
        LIFECYCLE, JOURNEY, RFM, PREFERENCE, PRICE, ACTIVE_HOUR, BROWSING, SILENCE, AGE_BAND,
    )
}  # fmt: skip
