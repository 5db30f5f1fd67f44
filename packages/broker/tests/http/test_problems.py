from __future__ import annotations

import logging

import orjson
import pytest

from samstad_broker.http.failures import (
    LengthRequired,
    MethodNotAllowed,
    NotAcceptable,
    Overloaded,
    PayloadTooLarge,
    TooManyRequests,
    UnsupportedMediaType,
)
from samstad_broker.http.problems import respond_to
from samstad_broker.service.history import HistoryBehind
from samstad_broker.spi.authorizer import Forbidden, Unauthenticated
from samstad_broker.spi.store import LogCorrupt, LogFull, LogUnavailable, StaleVersion, StoreError
from samstad_ngsild.errors import ERRORS_BY_TYPE, BadRequestData, InternalError

OWN = [
    (MethodNotAllowed("PUT", allow="GET, OPTIONS"), 405, "method-not-allowed", "Allow"),
    (NotAcceptable("text/html", available=["application/json"]), 406, "not-acceptable", None),
    (PayloadTooLarge(limit=10), 413, "payload-too-large", None),
    (TooManyRequests(retry_after_s=3), 429, "too-many-requests", "Retry-After"),
    (Overloaded("Full."), 503, "overloaded", "Retry-After"),
    (Unauthenticated("Who?"), 401, "unauthenticated", "WWW-Authenticate"),
    (Forbidden("No."), 403, "forbidden", None),
    (LogFull("disk /secret/path full"), 507, "insufficient-storage", "Retry-After"),
    (LogUnavailable("/secret/path"), 503, "storage-unavailable", "Retry-After"),
    (LogCorrupt("/secret/path"), 503, "storage-unavailable", "Retry-After"),
    (StoreError("/secret/path"), 503, "storage-unavailable", "Retry-After"),
    (StaleVersion("/secret/path"), 503, "superseded", "Retry-After"),
    (HistoryBehind("Ask again."), 503, "history-behind", "Retry-After"),
]


@pytest.mark.parametrize("kind", [kind for kind in ERRORS_BY_TYPE.values() if kind is not InternalError])
def test_every_error_of_the_standard_keeps_its_row(kind, header):
    response = respond_to(kind("What was wrong.", pointer="/a", extra=1), new_incident=str)
    body = orjson.loads(response.body)
    assert response.status == kind.status == body["status"]
    assert header(response, "Content-Type") == "application/json"
    assert header(response, "Link") is None
    assert body == {
        "type": kind.type, "title": kind.title, "detail": "What was wrong.", "status": kind.status,
        "pointer": "/a", "extra": 1,
    }  # fmt: skip


@pytest.mark.parametrize(("error", "status", "name", "with_header"), OWN)
def test_every_other_error_has_a_row(error, status, name, with_header, header):
    response = respond_to(error, new_incident=lambda: "i-1")
    body = orjson.loads(response.body)
    assert response.status == status == body["status"]
    assert body["type"] == f"/problems/{name}"
    assert body["title"]
    assert body["detail"]
    assert header(response, "Content-Type") == "application/json"
    if with_header is not None:
        assert header(response, with_header)
    assert b"secret" not in response.body


@pytest.mark.parametrize(("error", "status"), [(LengthRequired("a"), 411), (UnsupportedMediaType("a"), 415)])
def test_two_statuses_have_no_body(error, status, header):
    response = respond_to(error, new_incident=str)
    assert (response.status, response.body) == (status, b"")
    assert header(response, "Content-Type") is None


@pytest.mark.parametrize("error", [ValueError("secret"), InternalError("secret"), RecursionError("secret")])
def test_a_fault_is_logged_once_and_told_by_its_incident(error, caplog):
    with caplog.at_level(logging.ERROR):
        response = respond_to(error, new_incident=lambda: "i-1")
    body = orjson.loads(response.body)
    assert response.status == 500
    assert body["type"].endswith("/InternalError")
    assert body["incident"] == "i-1"
    assert b"secret" not in response.body
    assert [record.message for record in caplog.records] == ["incident i-1"]
    assert "secret" in caplog.text


def test_an_expected_error_is_not_logged(caplog):
    with caplog.at_level(logging.DEBUG):
        respond_to(BadRequestData("No."), new_incident=str)
        respond_to(Forbidden("No."), new_incident=str)
    assert not caplog.records


def test_a_detail_with_broken_unicode_is_still_told():
    response = respond_to(BadRequestData("No \ud800."), new_incident=str)
    assert response.status == 400
    assert b"ud800" in response.body
