"""The clock and its ticks; the worker's jobs; the sender."""
