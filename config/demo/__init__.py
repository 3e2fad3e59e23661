"""Demonstration data: an invented partnership with invented children, the same for a seed and a day."""
