"""Which part of a resource an answer shows: `fields`, `subresources` and filters of GET requests.

Reference section 2.6.
"""

from collections.abc import Mapping, Sequence

from chatbot.simulator.payloads import Json
from chatbot.simulator.status import OperationError, Status


def listing(name: str, items: Sequence[Json], query: Mapping[str, str]) -> Json:
    """Return a list: uris only, or the chosen fields under the name of the resource."""
    wanted = [item for item in items if _passes(item, query)]
    if "fields" not in query:
        return {"uris": [item["uri"] for item in wanted if "uri" in item]}
    return {name: [chosen(item, query["fields"]) for item in wanted]}


def chosen(item: Json, fields: str) -> Json:
    """Return the named fields of a resource; `*` is all of them."""
    if fields in ("", "*"):
        return item
    names = fields.split(",")
    return {name: item[name] for name in names if name in item}


def subresources(available: Mapping[str, object], wanted: str) -> Json:
    """Return the subresources that are asked for; `*` is all of them."""
    names = list(available) if wanted == "*" else wanted.split(",")
    return {name: available[name] for name in names if name in available}


def number(query: Mapping[str, str], name: str, default: int | None) -> int | None:
    """Return a number of the query, else refuse with code 10."""
    try:
        return int(query[name]) if name in query else default
    except ValueError as error:
        raise OperationError(Status.INVALID, f"Parameter {name} must be a number") from error


def _passes(item: Json, query: Mapping[str, str]) -> bool:
    """Filter by any field of the resource, as `/queues?fields=id,name&channel=voice` does."""
    return all(str(item[name]) == value for name, value in query.items() if name in item)
