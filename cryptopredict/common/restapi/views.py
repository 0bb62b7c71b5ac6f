"""What every view of the API is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework import exceptions, mixins, parsers, permissions, renderers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from cryptopredict.common.encoding import JSONRenderer
from cryptopredict.common.restapi import kept
from cryptopredict.common.restapi.browsing import PageRenderer
from cryptopredict.common.restapi.exports import CSVRenderer, Negotiation
from cryptopredict.common.restapi.openapi import Schema
from cryptopredict.common.restapi.pages import CursorPages
from cryptopredict.common.restapi.parsing import JSONParser
from cryptopredict.common.restapi.problems import Refusal
from cryptopredict.common.restapi.roles import RoleAtLeast, role_at_least
from cryptopredict.common.restapi.throttling import RoleThrottle

EXPORT_ROLE = "professional"
LIVE = 5  # seconds that an answer may be kept of what changes without a word


class Door(APIView):
    """Roles, known parameters, forms of the answer, and answers that are kept.

    `role` is the least that may read, `roles` that of single methods (`{"POST": "admin"}`). `query_class`
    is the serializer of the query parameters: see `asked`. `keeps` says that the answer is the same for all
    of a role and changes when a stage or a person changes something (`realtime.changed`), not by itself;
    `keeps = "user"` that it is one person's own, another name that it changes only with that
    (`realtime.ACTIVITY`). `keeps_seconds` bounds the age of what changes by itself.
    `lists` says that the answer is a list, which can leave as CSV. `refusals` are statuses that the schema
    has to name beside the usual ones.
    """

    role: str = "guest"
    roles: ClassVar[dict[str, str]] = {}
    query_parameters: Sequence[str] = ()
    query_class: type[Serializer[Any]] | None = None
    keeps: bool | str = False
    keeps_seconds: int | None = None
    lists = False
    refusals: tuple[int, ...] = ()
    schema = Schema()
    parser_classes: Sequence[type[parsers.BaseParser]] = (JSONParser, parsers.FormParser)
    throttle_classes: Sequence[type[BaseThrottle]] = (RoleThrottle,)
    content_negotiation_class = Negotiation

    def get_permissions(self) -> list[permissions.BasePermission]:
        return [RoleAtLeast(self.least_role(getattr(self.request, "method", "GET") or "GET"))()]

    def least_role(self, method: str) -> str:
        """The least role that may use `method` here."""
        return self.roles.get(method, self.role)

    def is_list(self) -> bool:
        """Whether the answer is a list."""
        return self.lists or (getattr(self, "detail", None) is False and self.request.method == "GET")

    def get_renderers(self) -> list[renderers.BaseRenderer]:
        forms: list[renderers.BaseRenderer] = [JSONRenderer()]
        if self.is_list():
            forms.append(CSVRenderer())
        return [*forms, PageRenderer()]

    def known_parameters(self) -> set[str]:
        """Names of the query parameters that mean something here."""
        filters = getattr(getattr(self, "filterset_class", None), "base_filters", {})
        pages = ("limit", "cursor") if getattr(self, "detail", None) is False else ()
        asked = self.query_class().fields if self.query_class and self.request.method == "GET" else ()
        return {"format", *filters, *pages, *asked, *self.query_parameters}

    def asked(self, **context: Any) -> dict[str, Any]:
        """What the caller asked for, by `query_class`. Raises ValidationError naming the parameter."""
        assert self.query_class is not None
        query = self.query_class(data=self.request.query_params, context={"request": self.request, **context})
        query.is_valid(raise_exception=True)
        return dict(query.validated_data)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if getattr(request.accepted_renderer, "format", "") == "csv":
            self._demand_export(request)
        self._refuse_unknown(request)
        if request.method in ("GET", "HEAD") and self.keeps:
            self._look_up(request)

    def _demand_export(self, request: Request) -> None:
        if not role_at_least(request.user, EXPORT_ROLE):
            text = _("Exporting needs the role “%(role)s” or one above it; JSON is for all who may read.")
            raise exceptions.PermissionDenied(text % {"role": EXPORT_ROLE})

    def _refuse_unknown(self, request: Request) -> None:
        known = self.known_parameters()
        for name, values in request.query_params.lists():
            if name not in known:
                mend = _("Known here: %s.") % ", ".join(sorted(known))
                raise Refusal(name, values[-1], _("is not a parameter of this address"), mend)
            if len(values) > 1:
                raise Refusal(name, values, _("is given more than once"), _("Send it once."))
            if "\x00" in values[0]:
                shown = values[0].replace("\x00", "\\0")
                raise Refusal(name, shown, _("holds a NUL character"), _("Take it out."))

    # Answers that are kept

    _keeping: tuple[str | None, str, str] | None = None

    def _look_up(self, request: Request) -> None:
        """Answer from what is kept; else remember under which version the answer that comes is to be kept."""
        form = request.accepted_renderer.format
        if form not in ("json", "csv"):
            return
        own = self.keeps == "user"
        of = request.user.pk if own else None if self.keeps is True else self.keeps
        version, role = kept.version(of), kept.role_of(request.user)
        role = f"{role}.{request.user.pk}" if own else role
        place = kept.place(request._request, form, kept.language())
        found = kept.find(version, role, place) if version is not None else None
        if found is None:
            self._keeping = (version, role, place)
        else:
            setattr(self, (request.method or "GET").lower(), _answering(found.response(request._request)))

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        out = super().finalize_response(request, response, *args, **kwargs)
        if self._keeping is not None and isinstance(out, Response) and out.status_code == 200:
            version, role, place = self._keeping

            def finish(rendered: HttpResponse) -> HttpResponseBase:
                made = kept.keep(version, role, place, rendered, self.keeps_seconds)
                return kept.conditional(request._request, rendered, made.etag, made.modified)

            out.add_post_render_callback(finish)  # what it returns replaces the response
        return out


def _answering(response: HttpResponseBase) -> Callable[..., HttpResponseBase]:
    def answer(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return response

    return answer


class View(Door):
    """A view for one document, or (with `lists`) for a list that has no pages."""


class ReadOnlyViewSet(Door, mixins.RetrieveModelMixin, mixins.ListModelMixin, viewsets.GenericViewSet[Any]):
    """A list with pages, and its elements.

    Set `queryset`, `serializer_class`, `ordering`, `role` and `filterset_class`. It only reads:
    a write is a named action of its own that calls a service.
    """

    ordering: Sequence[str] = ("-id",)
    pagination_class = CursorPages
    serializer_class: type[BaseSerializer[Any]]
