"""What holds of a report, whoever asks for it: its period, its states, what its snapshot says."""
