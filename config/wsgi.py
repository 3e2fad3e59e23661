"""The entry point of the web server."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def behind_proxy(application: Application) -> Application:
    """Behind nginx every connection is nginx's own: who asked is in the header that nginx sets afresh.

    Without this the audit would hold one address for everybody, and one person's wrong passwords would count
    against all who sign in from elsewhere.
    """

    def with_client_address(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        forwarded = environ.get("HTTP_X_FORWARDED_FOR", "")
        # The last one is what nginx saw; any before it are a client's own claim.
        environ["REMOTE_ADDR"] = forwarded.rpartition(",")[2].strip() or environ.get("REMOTE_ADDR", "")
        return application(environ, start_response)

    return with_client_address


application: Application = get_wsgi_application()
if settings.SECURE_PROXY_SSL_HEADER:
    application = behind_proxy(application)
