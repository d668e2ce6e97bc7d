"""dj-stripe in a Django project of one module: `prepare()` creates its tables, any WSGI server runs `application`.

It runs in its own environment, as a separate process. The database comes from PGHOST, PGPORT, PGUSER, PGPASSWORD
and PGDATABASE.
"""

import os
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

APPS = (
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "djstripe",
)
WEBHOOK_UUID = "00000000-0000-4000-8000-000000000001"
ACCOUNT = {"id": "acct_1Example", "object": "account"}
API_KEY = "sk_test_" + "a" * 24  # never used: no call to Stripe's API is made


def store_event(trigger: Any, api_key: str | None = None) -> None:  # Any: djstripe's WebhookEventTrigger
    """Store the event, and fetch nothing: dj-stripe's own handlers call Stripe's API for each event."""
    from djstripe.models import Event

    trigger.event = Event.sync_from_stripe_data(trigger.json_body, api_key=api_key)
    trigger.processed = True


settings.configure(
    SECRET_KEY="bench",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    INSTALLED_APPS=APPS,
    MIGRATION_MODULES={name.rpartition(".")[2]: None for name in APPS},
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["PGDATABASE"],
            "CONN_MAX_AGE": None,
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    STRIPE_TEST_SECRET_KEY=API_KEY,
    STRIPE_LIVE_MODE=False,
    DJSTRIPE_FOREIGN_KEY_TO_FIELD="id",
    DJSTRIPE_WEBHOOK_EVENT_CALLBACK=store_event,
)
django.setup()
urlpatterns = [path("stripe/", include("djstripe.urls", namespace="djstripe"))]
application = get_wsgi_application()


def prepare() -> None:
    """Create the tables, and the rows that the endpoint needs: the account, its key, the endpoint itself."""
    from djstripe.models import Account, APIKey, WebhookEndpoint

    call_command("migrate", run_syncdb=True, verbosity=0)  # from the models; the migrations take a minute
    account = Account.objects.create(id=ACCOUNT["id"], livemode=False, stripe_data=ACCOUNT)
    APIKey.objects.create(secret=API_KEY, type="secret", livemode=False, djstripe_owner_account=account)
    WebhookEndpoint.objects.create(
        id="we_1Example",
        djstripe_uuid=WEBHOOK_UUID,
        secret=os.environ["STRIPE_WEBHOOK_SECRET"],
        enabled_events=["*"],
        status="enabled",
        url="http://127.0.0.1/",
        livemode=False,
        djstripe_owner_account=account,
        djstripe_validation_method="verify_signature",
        djstripe_tolerance=300,
    )
