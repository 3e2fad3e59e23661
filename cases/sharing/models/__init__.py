"""What people decide about access: each kind of decision in a module of its own."""

from cases.sharing.models.emergency import EmergencyAccess

__all__ = ["EmergencyAccess"]
