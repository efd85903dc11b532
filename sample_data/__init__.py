"""A seeded generator of a marketplace like 在行, and the small sample it made: CSV files and a plan."""
