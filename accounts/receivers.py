"""After every migration the owner publishes definitions and sets what the serving role may do."""

from typing import Any

from django.apps import AppConfig

from accounts.services.database import apply_rights
from accounts.services.definitions import publish_seeds


def prepare_database(sender: AppConfig, **kwargs: Any) -> None:
    """Runs once a migrate: the signal comes after every app's tables are there."""
    if sender.name != "accounts":
        return
    publish_seeds()
    apply_rights()
