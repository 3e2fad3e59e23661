"""Settings that hold everywhere; the environment names every external service."""

from pathlib import Path

import environ
import pghistory
from celery.schedules import crontab
from csp.constants import NONCE, NONE, SELF

from accounts.rules.single_sign_on import providers_of

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environ.Env()
VAR_DIR = Path(env.str("HARBOUR_VAR", default=str(BASE_DIR / "var")))

SECRET_KEY = env.str("SECRET_KEY")
DEBUG = False
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "axes",
    "guardian",
    "pgtrigger",
    "pghistory",
    "drf_spectacular",
    "accounts",
    "cases",
    "risk",
    "missing",
    "referrals",
    "panels",
    "reporting",
    # The commands that need every app, such as `seed_demo`.
    "config",
    # Last, so that our own form templates win over Django's.
    "django.forms",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "accounts.middleware.headers.HeadersMiddleware",
    "accounts.middleware.requests.RequestLogMiddleware",
    "csp.middleware.CSPMiddleware",
    "accounts.middleware.systems.NoCookiesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.middleware.viewer.SessionLimitMiddleware",
    "accounts.middleware.systems.ServiceTokenMiddleware",
    "accounts.middleware.by_code.CodeSessionMiddleware",
    "accounts.middleware.viewer.ViewerMiddleware",
    "accounts.middleware.held.HeldSubmissionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.middleware.refusals.RefusalMiddleware",
    "accounts.middleware.viewer.HistoryContextMiddleware",
    "accounts.middleware.second_factor.SecondFactorMiddleware",
    "accounts.middleware.policy.PolicyMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "accounts.presenters.page_frame",
                "cases.presenters.watch.alerts_watch",
            ],
            "builtins": ["accounts.templatetags.harbour"],
        },
    }
]
FORM_RENDERER = "accounts.forms.base.HarbourRenderer"

# Databases: `default` serves as the role that owns nothing; `audit` is a second connection that commits
# by itself, so that a refusal stays written when the request's own transaction is rolled back.
DATABASES = {
    "default": {
        **env.db("DATABASE_URL"),
        "ATOMIC_REQUESTS": True,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
    },
    "audit": {
        **env.db("DATABASE_URL"),
        "ATOMIC_REQUESTS": False,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "TEST": {"MIRROR": "default"},
    },
}
DATABASE_ROUTERS: list[str] = []
DATABASE_APP_ROLE = env.str("DATABASE_APP_ROLE", default="harbour_app")
DATABASE_OWNER_ROLE = env.str("DATABASE_OWNER_ROLE", default="harbour_owner")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Who signs in, and for how long.
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "cases.backends.FileBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "home"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "accounts.views.signing_in.locked_out"
AXES_ENABLE_ADMIN = False
# From one address, wrong passwords for so many different names within the cool-off close it: a list of names is tried.
SIGN_IN_NAMES_PER_ADDRESS = 20
# Wrong codes for one person, from wherever they come, within the cool-off.
WRONG_CODES_PER_PERSON = 10
# The second step of signing in: everybody needs one, but for a demonstration.
SECOND_FACTOR_REQUIRED = True
SECOND_FACTOR_STEP_FOR = 10 * 60
# Under these its secrets are encrypted: the first writes, all read. By default the secret key does both.
SECOND_FACTOR_KEYS: list[str] = env.list("SECOND_FACTOR_KEYS", default=[SECRET_KEY])
ACCOUNT_ADAPTER = "accounts.adapter.ClosedAccounts"
ACCOUNT_EMAIL_VERIFICATION = "none"
# Providers of single sign-on, none by default: [{"id": "council", "name": "Northmere Council", "server_url": "https://…",
# "client_id": "…", "secret": "…", "domains": ["council.example"], "second_step_amr": ["mfa"], "second_step_acr": []}]
SINGLE_SIGN_ON = providers_of(env.json("SINGLE_SIGN_ON", default=[]))
SOCIALACCOUNT_ADAPTER = "accounts.adapter.SingleSignOn"
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5
MFA_ADAPTER = "accounts.adapter.SecondFactors"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Harbour"
AXES_VERBOSE = False
SESSION_ENGINE = "django.contrib.sessions.backends.db"
# Minutes without use, and hours in all, after which somebody is signed out.
SESSION_COOKIE_AGE = env.int("SESSION_IDLE_MINUTES", default=15) * 60
SESSION_SAVE_EVERY_REQUEST = True
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_ABSOLUTE_AGE = env.int("SESSION_HOURS", default=10) * 60 * 60
# How long before that a page warns, and after which time a code is asked for again before what is grave.
IDLE_WARNING_AGE = 2 * 60
STEP_UP_AFTER = 15 * 60
# Networks by their names, for the list of places where somebody is signed in: 10.20.0.0/16=Northmere Council
PARTNER_NETWORKS: dict[str, str] = env.dict("PARTNER_NETWORKS", default={})
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "accounts.views.csrf_failure"
GUARDIAN_MONKEY_PATCH_USER = False
# Guardian stores the projection of grants; its backend would call an expired grant true, so ours answers.
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]
ANONYMOUS_USER_NAME = None

# History: every change is a row that nobody can alter, with who and why beside it.
PGHISTORY_DEFAULT_TRACKERS = (pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
PGHISTORY_CONTEXT_FIELD = pghistory.ContextJSONField()
PGHISTORY_APPEND_ONLY = True

# What a browser is told.
SECURE_CONTENT_TYPE_NOSNIFF = True
# Not "no-referrer": a browser then sends "Origin: null" with every form, which the forgery check must refuse.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = None
DATE_INPUT_FORMATS = ["%d/%m/%Y", "%d %B %Y", "%Y-%m-%d"]

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static", BASE_DIR / "build" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

# The interface for other organisations' systems.
API_CALLS_A_MINUTE = {"token": 120, "person": 60, "unknown": 20}
API_LARGEST_BODY = 64 * 1024
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.TokenOrSession"],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_PARSER_CLASSES": ["accounts.api.reading.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "accounts.api.schema.OperationSchema",
    "EXCEPTION_HANDLER": "accounts.api.errors.answer_of",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Harbour",
    "VERSION": "1",
    "DESCRIPTION": (
        "What another organisation's system may send to Harbour, and what a signed-in person may read from it. "
        "Instants carry an offset. Every refusal has one shape, with words somebody can act on."
    ),
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": True,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "accounts.api.schema.say_what_is_refused",
    ],
}

# The broker is a doorbell: nothing that matters is kept in it.
CELERY_BROKER_URL = env.str("REDIS_URL")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 90
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600, "socket_timeout": 2, "socket_connect_timeout": 2}
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "cases.tasks.sweep", "schedule": 60.0, "options": {"expires": 55}},
    "dispatch": {"task": "cases.tasks.dispatch", "schedule": 5.0, "options": {"expires": 5}},
    "make_reports": {"task": "reporting.tasks.make_reports", "schedule": 5.0, "options": {"expires": 5}},
    "find_conflicts": {
        "task": "cases.tasks.find_conflicts",
        "schedule": 6 * 60 * 60.0,
        "options": {"expires": 60 * 60},
    },
    "ask_guardians": {"task": "referrals.tasks.ask_guardians", "schedule": 5 * 60.0, "options": {"expires": 60}},
    "make_look_digests": {
        "task": "cases.tasks.make_look_digests",
        "schedule": 60 * 60.0,
        "options": {"expires": 30 * 60},
    },
    "compare_lists": {
        "task": "cases.tasks.compare_lists",
        "schedule": crontab(hour="3", minute="20"),
        "options": {"expires": 60 * 60},
    },
    "guard_restricted": {
        "task": "cases.tasks.guard_restricted",
        "schedule": crontab(hour="3", minute="40"),
        "options": {"expires": 60 * 60},
    },
    "send_notices": {"task": "accounts.tasks.send_notices", "schedule": 10.0, "options": {"expires": 10}},
    "look_after_accounts": {
        "task": "accounts.tasks.look_after_accounts",
        "schedule": crontab(hour="6", minute="30"),
        "options": {"expires": 60 * 60},
    },
    "purge_drafts": {"task": "accounts.tasks.purge_drafts", "schedule": 6 * 60 * 60.0, "options": {"expires": 60 * 60}},
}

# E-mail carries no name and no case number; by default it is written to files.
EMAIL_BACKEND = env.str("EMAIL_BACKEND", default="django.core.mail.backends.filebased.EmailBackend")
EMAIL_FILE_PATH = VAR_DIR / "mail"
EMAIL_HOST = env.str("EMAIL_HOST", default="localhost")
EMAIL_PORT = env.int("EMAIL_PORT", default=25)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="harbour@harbour.example")

# Words that a partnership sets for itself.
PARTNERSHIP_NAME = env.str("PARTNERSHIP_NAME", default="Northmere Safeguarding Children Partnership")
# The authorities of the partnership as people write them: a child whom another one placed here is "placed in".
PARTNERSHIP_AUTHORITIES: list[str] = env.list("PARTNERSHIP_AUTHORITIES", default=["Northmere Council"])
DUTY_TELEPHONE = env.str("DUTY_TELEPHONE", default="01632 960 100")
OUT_OF_HOURS_TELEPHONE = env.str("OUT_OF_HOURS_TELEPHONE", default="01632 960 199")
BASE_URL = env.str("BASE_URL", default="http://127.0.0.1:8000")

# How long a web process believes what it saw of the alerts, before it looks again whether every page must warn.
ALERTS_WATCH_SECONDS = 30

# How long it takes to say that there is no such file, whatever was found on the way; then twice, three times as long.
NOT_KNOWN_TAKES_SECONDS = 0.05

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": "config.logs.PlainJsonFormatter",
            "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "filters": {"without_address": {"()": "config.logs.WithoutAddress"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["without_address"]}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # Django's own request log would write paths and, with errors, values: ours writes neither.
        "django.request": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
        "django.server": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "axes": {"level": "ERROR"},
        "fontTools": {"level": "ERROR"},
        "weasyprint": {"level": "ERROR"},
    },
}
