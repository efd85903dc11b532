"""The condition language: what a rule is, whether it fits, what it says and whom it means."""
