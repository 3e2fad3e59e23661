"""What the upper apps may ask of accounts."""

from accounts.selectors.clock import now
from accounts.selectors.people import agencies_by_sector, current_memberships, people_at, viewer_for, viewer_of

__all__ = ["agencies_by_sector", "current_memberships", "now", "people_at", "viewer_for", "viewer_of"]
