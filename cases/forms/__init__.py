"""What the pages of files and lists ask."""
