"""What a police system sends: a child is missing, a child is back."""
