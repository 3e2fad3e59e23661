"""The speeds the design promises, measured on worlds of many files: `make bench`."""
