"""What the pages of files, home and lists show."""
