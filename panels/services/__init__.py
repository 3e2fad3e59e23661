"""Every write of a panel: its seats, its meetings, agendas and access, decisions, actions, minutes."""
