"""Settings, one file, sections in a fixed order; what differs between machines comes from the environment."""

from pathlib import Path

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF

from cryptopredict import embedded

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
VAR = embedded.var_folder()
EMBEDDED = embedded.Layout(VAR)

# Core
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or embedded.secret_key(VAR)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])  # what they sealed is read
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
ROOT_URLCONF = "cryptopredict.urls"
WSGI_APPLICATION = "cryptopredict.wsgi.application"
ASGI_APPLICATION = "cryptopredict.asgi.application"
SITE_NAME = "CryptoPredict"
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000")  # where links in e-mails lead

# Applications, downstream first, as the funnel reads
INSTALLED_APPS = [
    "daphne",
    "cryptopredict",
    "trading",
    "selection",
    "sectors",
    "macro",
    "aimodels",
    "assets",
    "accounts",
    "cryptopredict.apps.DeskConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "channels",
    "csp",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "pgtrigger",
    "rest_framework",
]
MIDDLEWARE = [
    "cryptopredict.common.tracing.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "cryptopredict.common.restapi.middleware.BodyLimitMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "cryptopredict.visitor.visitor",
    "cryptopredict.common.restapi.middleware.OwnChangesMiddleware",
    "cryptopredict.common.audit.AuditMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.authentication.SessionActivityMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cryptopredict.dashboard.shell",
            ],
        },
    },
]

# Data
DATABASES = {"default": env.db_url("DATABASE_URL", default=EMBEDDED.database_url)}
DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.str("REDIS_URL", default=EMBEDDED.redis_url)
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

# Accounts
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = env.str("ACCOUNT_EMAIL_VERIFICATION", default="optional")
USERSESSIONS_TRACK_ACTIVITY = True
ALLAUTH_TRUSTED_PROXY_COUNT = 1  # Caddy: whoever's address it names is who asks
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "dashboard"
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
NOTIFY_LOCAL_NETWORK = env.bool("NOTIFY_LOCAL_NETWORK", default=False)  # may people's own services lie in it?

# Language and time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fa", "فارسی")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Static files
STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}
MEDIA_ROOT = VAR / "media"

# API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": [
        "cryptopredict.common.encoding.JSONRenderer",
        "rest_framework.renderers.BrowsableAPIRenderer",
    ],
    "EXCEPTION_HANDLER": "cryptopredict.common.restapi.exception_handler",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DATETIME_FORMAT": None,  # datetimes reach the encoder as they are; it writes UTC with Z
    "COERCE_DECIMAL_TO_STRING": False,
}
# Requests a minute by role; a role that is missing is not limited.
API_RATES: dict[str, int] = env.dict(
    "API_RATES",
    default={"anonymous": 120, "guest": 600, "casual": 1200, "professional": 3000, "admin": 6000},
)
API_KEEP_SECONDS = env.int("API_KEEP_SECONDS", default=60)  # 0: finish every answer anew
API_BODY_LIMIT = env.int("API_BODY_LIMIT", default=5_000_000)  # bytes; a file of trades may have 4 MB
DATA_UPLOAD_MAX_MEMORY_SIZE = API_BODY_LIMIT  # the same for forms, uploaded files aside
SPECTACULAR_SETTINGS = {
    "TITLE": "CryptoPredict",
    "DESCRIPTION": "How much to be in the market, in which sector, in which coins, and when.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    # Choices stay where they are used: naming them, as the default does, collides across apps.
    "POSTPROCESSING_HOOKS": ["cryptopredict.common.restapi.openapi.bounds_as_numbers"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# Background work
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = "UTC"
CELERY_IMPORTS = [
    "cryptopredict.backtests",
    "cryptopredict.monitoring",
    "cryptopredict.pipeline",
    "cryptopredict.reviewlinks",
    "cryptopredict.simulation",
]
LETTERS = {"suggestions": "cryptopredict.reviewlinks.letter"}  # who writes the e-mail of a message about what
MODEL_CATALOGUE = "cryptopredict.registry.CATALOGUE"  # what the registry knows of the layers
CELERY_BEAT_SCHEDULE = {  # each finds out for itself whether there is something to do
    "simulated bars": {"task": "cryptopredict.simulation.continue_simulation", "schedule": 300},
    "pipeline": {"task": "cryptopredict.pipeline.run_newest", "schedule": 300},
    "health": {"task": "cryptopredict.monitoring.check_health", "schedule": 60},
    "suggestions that expired": {"task": "cryptopredict.pipeline.expire_suggestions", "schedule": 3600},
    "suggestions that came back": {"task": "cryptopredict.pipeline.resume_suggestions", "schedule": 300},
    "messages to deliver": {"task": "accounts.tasks.deliver", "schedule": 60},
    "suggestions to decide on": {"task": "cryptopredict.reviewlinks.tell_reviewers", "schedule": 900},
    "predictions whose time has come": {"task": "aimodels.tasks.realise_predictions", "schedule": 900},
    "backtests that wait": {"task": "cryptopredict.backtests.run_waiting", "schedule": 300},
    "trainings that wait": {"task": "aimodels.tasks.train_waiting", "schedule": 300},
    "trainings that are due": {"task": "aimodels.tasks.train_due", "schedule": crontab(hour=3, minute=40)},
}

# Security
SESSION_COOKIE_HTTPONLY = True
SECURE_COOKIES = env.bool("SECURE_COOKIES", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

# Logging
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": "cryptopredict.common.tracing.RequestIdFilter"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request"]},
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="WARNING")},
}
