"""The product on one machine over plain HTTP, as `make run` starts it."""

import os

os.environ.setdefault("SECRET_KEY", "only-for-commands-that-keep-no-session")
os.environ.setdefault("DATABASE_URL", "postgres://harbour_app@/harbour")
os.environ.setdefault("REDIS_URL", "redis://localhost:6379/0")

from .base import *  # noqa: F403

DEMO = True
SECOND_FACTOR_REQUIRED = False
SESSION_COOKIE_NAME = "harbour_session"
CSRF_COOKIE_NAME = "harbour_csrf"
SECURE_SSL_REDIRECT = False
