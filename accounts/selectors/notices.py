"""What people are told about their own accounts."""

from accounts.models import Notice

SHOWN = 5


def unseen_notices(user_id: int) -> list[Notice]:
    """The notices that somebody has not read yet, the latest first: no more than a handful at once."""
    return list(Notice.objects.filter(user_id=user_id, seen_at=None).order_by("-made_at", "pk")[:SHOWN])
