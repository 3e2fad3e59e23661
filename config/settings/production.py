"""The product behind TLS. Each variable without a default must be set: a missing one stops the start by name."""

from .base import *  # noqa: F403
from .base import env

DEMO = False
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
BASE_URL = env.str("BASE_URL")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL")
EMAIL_BACKEND = env.str("EMAIL_BACKEND", default="django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST = env.str("EMAIL_HOST")
PARTNERSHIP_NAME = env.str("PARTNERSHIP_NAME")
PARTNERSHIP_AUTHORITIES = env.list("PARTNERSHIP_AUTHORITIES")
DUTY_TELEPHONE = env.str("DUTY_TELEPHONE")
OUT_OF_HOURS_TELEPHONE = env.str("OUT_OF_HOURS_TELEPHONE")
CSRF_TRUSTED_ORIGINS = [BASE_URL]

SESSION_COOKIE_NAME = "__Host-harbour_session"
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-harbour_csrf"
CSRF_COOKIE_SECURE = True
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^healthz/alerts$"]
SECURE_HSTS_SECONDS = 63_072_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
