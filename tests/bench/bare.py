"""The least that Django can serve: one view that answers "hello", without middleware, database or template."""

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path


def hello(request: HttpRequest) -> HttpResponse:
    return HttpResponse("hello")


urlpatterns = [path("", hello)]
settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="says-hello", ALLOWED_HOSTS=["*"], LOGGING_CONFIG=None)
application = get_wsgi_application()
