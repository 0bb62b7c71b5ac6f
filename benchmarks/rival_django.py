"""The rival of the other reads: a bare Django view that returns the same bytes, without middleware, database
or anyone to check. Run by granian; RIVAL_BODIES names a file of JSON, path to body."""

from __future__ import annotations

import json
import os
from pathlib import Path

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import re_path

BODIES = {
    path: body.encode() for path, body in json.loads(Path(os.environ["RIVAL_BODIES"]).read_text()).items()
}


def read(request: HttpRequest) -> HttpResponse:
    """The bytes of one address."""
    body = BODIES[request.path]
    return HttpResponse(body, content_type="application/json", headers={"Content-Length": str(len(body))})


urlpatterns = [re_path("", read)]
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="bare", MIDDLEWARE=[])
application = get_wsgi_application()
