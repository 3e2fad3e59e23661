"""What the serving role may do in the database: declared by each app, set by the owner after every migration."""

from accounts.services.database.apply import apply_rights
from accounts.services.database.rights import ADD, NOTHING, READ, WORK, Rights, add_and_change, declare_rights

__all__ = ["ADD", "NOTHING", "READ", "WORK", "Rights", "add_and_change", "apply_rights", "declare_rights"]
