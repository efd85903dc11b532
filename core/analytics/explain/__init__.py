"""Why a rule counts what it counts, and what would change it: one file per question."""
