"""What people decide about access: each kind of decision in a module of its own."""
