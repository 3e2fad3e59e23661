"""Deciding about access; each decision gives, ends or refuses grants through `cases.access`."""
