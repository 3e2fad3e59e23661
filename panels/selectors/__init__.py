"""Meetings and seats, agendas, and actions, each as far as the viewer may know of them."""
