"""Answers as HTTP: the statusCode envelope and the reading of JSON bodies.

Reference sections 2.2 and 2.4.
"""

import json
from collections.abc import Mapping

from starlette.responses import JSONResponse, Response

from chatbot.simulator.options import Options
from chatbot.simulator.payloads import Json
from chatbot.simulator.status import OperationError, Status

GOOD = (int(Status.DONE), int(Status.PARTLY))


def answer(options: Options, fields: Mapping[str, object]) -> Response:
    """Wrap the fields of an answer; they may bring a statusCode of their own (code 7)."""
    shape: Json = {"statusCode": 0, **fields}
    status = shape["statusCode"]
    http_status = 200 if status in GOOD else options.error_http_status
    return JSONResponse(_dress(options, shape), http_status)


def refusal(options: Options, error: OperationError) -> Response:
    """Wrap a refusal: code and free text, nothing else (2.2)."""
    return answer(options, {"statusCode": int(error.status), "statusMessage": error.message})


def parse_object(body: bytes) -> Json:
    """Read a JSON object, else refuse with code 10."""
    try:
        parsed: object = json.loads(body)
    except ValueError as error:
        raise OperationError(Status.INVALID, "The body is not JSON") from error
    if not isinstance(parsed, dict):
        raise OperationError(Status.INVALID, "The body is not a JSON object")
    return parsed


def _dress(options: Options, shape: Json) -> Json:
    """Give the status its odd form, if wanted (2.4)."""
    if options.status_key == "status":
        return {"status": shape.pop("statusCode"), **shape}
    if options.status_key == "string":
        return shape | {"statusCode": str(shape["statusCode"])}
    return shape
