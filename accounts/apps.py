from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Agencies, people and how they sign in"

    def ready(self) -> None:
        from accounts import checks  # noqa: F401  (registers the system checks)
        from accounts.receivers import prepare_database

        post_migrate.connect(prepare_database, dispatch_uid="accounts.prepare_database")
