"""The suite: the same product as the `harbour_app` role, with quick password hashes and mail kept in memory."""

import os

os.environ.setdefault("SECRET_KEY", "a-key-for-the-suite-alone-0123456789-abcdefghijklmnopqrstuvwxyz")
os.environ.setdefault("DATABASE_URL", "postgres://harbour_app@/harbour")
os.environ.setdefault("REDIS_URL", "redis://localhost:6379/0")

from .base import *  # noqa: F403

DEMO = True
SECOND_FACTOR_REQUIRED = False
SESSION_COOKIE_NAME = "harbour_session"
CSRF_COOKIE_NAME = "harbour_csrf"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Pages are tested under a literal number of queries; what the watch does is tested by itself.
ALERTS_WATCH_SECONDS = 0
# Nothing is held where nobody measures; what measures sets it as it is shipped.
NOT_KNOWN_TAKES_SECONDS = 0
CELERY_TASK_ALWAYS_EAGER = False
