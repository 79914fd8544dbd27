"""Talk to a Holodeck server (`holodeck up`) from Python 3.9 or later, with its standard library alone: copy this file.

    from holodeck_client import Holodeck

    holodeck = Holodeck("http://localhost:8848")
    with holodeck.start_session("my-research", "oracle1", tags=["research"]) as session:
        session.add_task("analyze", data={"query": "what is emergence?"})
        session.start_task("analyze")
        session.complete_task("analyze", result={"found": 5})

Names and shapes are those of the API (`GET /v1/docs`): snake_case, times in ISO-8601, durations in seconds unless the
name ends in `_ms`. What is refused is raised as `HolodeckError`. Each change is sent with an idempotency key and tried
again while that can help, so it has its effect once.
"""
from __future__ import annotations

import http.client
import json
import os
import time
import uuid
from typing import Any, Dict, Iterator, List, Optional, Union
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

__all__ = ["Holodeck", "HolodeckError", "Session"]

Json = Dict[str, Any]


class HolodeckError(Exception):
    """A refusal: `code` is stable (`task_ended`, `not_found`, `server_unreachable`), `what` happened, what `todo`."""

    def __init__(self, code: str, what: str, todo: str, status: Optional[int] = None, retryable: bool = False):
        super().__init__(f"{what} {todo}".strip())
        self.code, self.what, self.todo, self.status, self.retryable = code, what, todo, status, retryable


class _NoRedirect(HTTPRedirectHandler):
    """A key is not carried on to where an answer points."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Holodeck:
    """A server. `api_key` defaults to PLATO_API_KEY; `timeout` is seconds a request may take, `retry_seconds` how long
    what may pass (no connection, a busy store) is tried again."""

    def __init__(
        self,
        url: str = "http://localhost:8848",
        api_key: Optional[str] = None,
        timeout: float = 30,
        retry_seconds: float = 10,
    ):
        if urlsplit(url).scheme not in ("http", "https"):
            raise HolodeckError("invalid_argument", f"{url!r} is no http or https URL.", "Pass the server's address.")
        self.url = url.rstrip("/")
        self.timeout, self.retry_seconds = timeout, retry_seconds
        self._api_key = api_key or os.environ.get("PLATO_API_KEY")
        self._opener = build_opener(_NoRedirect)

    # Sessions

    def start_session(
        self, session_name: str, agent_id: str, idempotency_key: Optional[str] = None, **settings: Any
    ) -> "Session":
        """Starts a session. `settings` are those of POST /v1/sessions: tags, metadata, max_tasks,
        task_timeout_seconds, session_timeout_seconds, plato_url, scout_room, h1_router_enabled, session_id, …"""
        body = {"session_name": session_name, "agent_id": agent_id, **settings}
        return Session(self, self.post("/v1/sessions", body, idempotency_key)["session_id"])

    def session(self, session_id: str) -> "Session":
        """The session with this id. Asks nothing: what it does not know is raised by what is done with it."""
        return Session(self, session_id)

    def sessions(self, **filters: Any) -> Iterator[Json]:
        """All sessions that fit, newest first: status, agent, tag, created_after, created_before, text."""
        return self._pages("/v1/sessions", "sessions", filters)

    def route(self, task_id: str, required_capabilities: Optional[List[str]] = None, **options: Any) -> Json:
        """Which agent of the fleet gets a task that is in no session (see `Session.route`). Options: prefer_agents."""
        body = {"task_id": task_id, "required_capabilities": required_capabilities or [], **options}
        return self.post("/v1/fleet/route", body)

    def register_agent(self, agent_id: str, capabilities: Optional[List[str]] = None, **options: Any) -> Json:
        """Makes an agent known to the fleet. Options: capacity, heartbeat_seconds."""
        return self.post("/v1/fleet/agents", {"agent_id": agent_id, "capabilities": capabilities or [], **options})

    # Tiles

    def submit(
        self, room: str, question: str, answer: Union[str, Json], idempotency_key: Optional[str] = None, **more: Any
    ) -> Json:
        """Submits a tile to a room (channel). `more`: tags, confidence (0 to 1), source, and whatever is to be kept.
        Raises `tile_refused` when the gate refuses it."""
        return self.post("/submit", {"domain": room, "question": question, "answer": answer, **more}, idempotency_key)

    def search(self, text: str, room: Optional[str] = None, limit: int = 20) -> List[Json]:
        """Tiles that hold the words, best first."""
        return self.get("/search", q=text, room=room, limit=limit)["results"]

    def rooms(self) -> Iterator[Json]:
        """All rooms: room, tiles, created_at, latest_at."""
        return self._pages("/v1/rooms", "rooms", {})

    def room_tiles(self, room: str) -> Iterator[Json]:
        """A room's tiles, newest first."""
        return self._pages(f"/v1/rooms/{quote(room, safe='')}/tiles", "tiles", {})

    # Events

    def events(
        self,
        stream: Union[str, List[str], None] = None,
        room: Union[str, List[str], None] = None,
        type: Union[str, List[str], None] = None,
        after: Optional[str] = None,
    ) -> Iterator[Json]:
        """What happens, live and without end: each event with its `id`. `after` is the id of the last one that was
        seen, or "start" for all there are. A stream that breaks off is taken up where it was: nothing is missed and
        nothing comes twice. A `gap` (type) tells of events that were pruned. Values of a filter are alternatives."""
        asked, last_id, began = {"stream": stream, "room": room, "type": type}, None, None
        while True:
            began = began or time.monotonic()
            place = {"after": after} if last_id is None else {}
            try:
                path = "/v1/events" + _query({**asked, **place})
                headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last_id} if last_id else {})}
                # The server gives a sign of life every 15 seconds.
                with self._open(Request(self.url + path, headers=headers), max(self.timeout, 45)) as response:
                    for kind, data, event_id in _server_sent(response):
                        began = None
                        last_id = event_id or last_id
                        if data is not None and kind != "bye":
                            told = json.loads(data)
                            yield {"id": event_id, "type": kind, **told}
                began = began or time.monotonic()
            except HolodeckError as error:
                began = began or time.monotonic()
                if not error.retryable or time.monotonic() - began > self.retry_seconds:
                    raise
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.25)

    # Requests

    def get(self, path: str, **query: Any) -> Json:
        """GET, as JSON. What is None is left out of the query."""
        return self._ask(Request(self.url + path + _query(query)))

    def post(self, path: str, body: Json, idempotency_key: Optional[str] = None) -> Json:
        """POST, once in effect. The same `idempotency_key` makes that hold for a repeat of this very call too."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": idempotency_key or uuid.uuid4().hex}
        return self._ask(Request(self.url + path, json.dumps(body).encode(), headers, method="POST"))

    def _ask(self, request: Request) -> Json:
        began, pause = time.monotonic(), 0.1
        while True:
            try:
                with self._open(request, self.timeout) as response:
                    return json.load(response)
            except (OSError, http.client.HTTPException) as error:
                # The answer broke off.
                refusal = _unreachable(self.url, error)
            except HolodeckError as error:
                refusal = error
            if not refusal.retryable or time.monotonic() - began + pause > self.retry_seconds:
                raise refusal
            time.sleep(pause)
            pause = min(pause * 2, 2)

    def _open(self, request: Request, timeout: float) -> Any:
        if self._api_key:
            request.add_header("Authorization", f"Bearer {self._api_key}")
        try:
            return self._opener.open(request, timeout=timeout)
        except HTTPError as error:
            raise _refusal(error) from error
        except (URLError, OSError, http.client.HTTPException) as error:
            raise _unreachable(self.url, error) from error

    def _pages(self, path: str, name: str, filters: Json) -> Iterator[Json]:
        token: Optional[str] = None
        while True:
            page = self.get(path, **filters, page_token=token)
            yield from page[name]
            token = page["next_page_token"]
            if token is None:
                return


class Session:
    """A session of a server. As a context it ends with it: as `success`, or as `failed` when an exception leaves it."""

    def __init__(self, holodeck: Holodeck, session_id: str):
        self.session_id = session_id
        self._holodeck = holodeck
        self._path = f"/v1/sessions/{quote(session_id, safe='')}"

    def get(self) -> Json:
        """What it is now, without its tasks."""
        return self._holodeck.get(self._path)

    def end(self, outcome: str = "success", error: Optional[str] = None) -> Json:
        """Ends it; open tasks are cancelled. A second end changes nothing, and tells the first."""
        return self._post("/end", outcome=outcome, error=error)

    def fork(self, seq: int) -> "Session":
        """A new session that starts from the state after event `seq`."""
        return Session(self._holodeck, self._post("/fork", seq=seq)["session_id"])

    def add_task(self, task_id: str, data: Any = None, **options: Any) -> Json:
        """Adds a task. Options: priority, required_capabilities, agent_id, timeout_seconds, retries, idempotency_key."""
        return self._post("/tasks", task_id=task_id, data=data, **options)

    def start_task(self, task_id: str, **options: Any) -> Json:
        """Starts an attempt: its time begins. Options: agent_id, idempotency_key."""
        return self._post(f"/tasks/{quote(task_id, safe='')}/start", **options)

    def heartbeat(self, task_id: str, **options: Any) -> Json:
        """Says that the attempt goes on; when it is refused, stop the work. Options: attempt, note."""
        return self._post(f"/tasks/{quote(task_id, safe='')}/heartbeat", **options)

    def complete_task(self, task_id: str, outcome: str = "success", **options: Any) -> Json:
        """Ends a task. Options: result (any JSON), error, duration_ms, attempt, exit_code, idempotency_key."""
        return self._post(f"/tasks/{quote(task_id, safe='')}/complete", outcome=outcome, **options)

    def fail_task(self, task_id: str, error: str, **options: Any) -> Json:
        """Fails a task; with retries left it waits for its next attempt."""
        return self._post(f"/tasks/{quote(task_id, safe='')}/fail", error=error, **options)

    def cancel_task(self, task_id: str, reason: Optional[str] = None) -> Json:
        """Cancels a task, whether it runs or waits."""
        return self._post(f"/tasks/{quote(task_id, safe='')}/cancel", reason=reason)

    def route(self, task_id: str, required_capabilities: Optional[List[str]] = None, **options: Any) -> Json:
        """Routes a task by H¹ and registers it here: which agent, and why. Options: prefer_agents."""
        return self._post("/route", task_id=task_id, required_capabilities=required_capabilities or [], **options)

    def task(self, task_id: str) -> Json:
        """One task."""
        return self._holodeck.get(f"{self._path}/tasks/{quote(task_id, safe='')}")

    def result(self, task_id: str) -> Any:
        """A task's result, whatever its size."""
        return self._holodeck.get(f"{self._path}/tasks/{quote(task_id, safe='')}/result")["result"]

    def tasks(self, status: Optional[str] = None) -> Iterator[Json]:
        """Its tasks, in the order they came."""
        return self._holodeck._pages(f"{self._path}/tasks", "tasks", {"status": status})

    def events(self) -> Iterator[Json]:
        """What has happened so far; `Holodeck.events(stream=session.stream)` goes on."""
        return self._after("events")

    def tiles(self) -> Iterator[Json]:
        """What it told others: seq, hash and tile."""
        return self._after("tiles")

    @property
    def stream(self) -> str:
        """Its stream's name, to follow it by."""
        return f"session:{self.session_id}"

    def _after(self, name: str) -> Iterator[Json]:
        seq: Optional[int] = 0
        while seq is not None:
            page = self._holodeck.get(f"{self._path}/{name}", after_seq=seq, limit=1000)
            yield from page[name]
            seq = page["next_after_seq"]

    def _post(self, path: str, idempotency_key: Optional[str] = None, **body: Any) -> Json:
        given = {name: value for name, value in body.items() if value is not None}
        return self._holodeck.post(self._path + path, given, idempotency_key)

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, kind: Any, error: Any, _: Any) -> None:
        self.end("success") if error is None else self.end("failed", f"{kind.__name__}: {error}")


def _query(values: Json) -> str:
    given = {name: value for name, value in values.items() if value is not None}
    return "?" + urlencode(given, doseq=True) if given else ""


def _refusal(error: HTTPError) -> HolodeckError:
    try:
        told = json.loads(error.read())
        told = told if isinstance(told, dict) else {}
    except (ValueError, OSError, http.client.HTTPException):
        told = {}
    # PLATO's own answers say {error}, or {status: "rejected", reason}.
    what = told.get("detail") or told.get("error") or told.get("reason") or f"The server answers {error.code}."
    plain = {400: "invalid_argument", 401: "unauthenticated", 403: "denied", 404: "not_found"}
    code = told.get("code") or ("tile_refused" if "gate" in told else plain.get(error.code, "internal"))
    retryable = told.get("retryable", error.code == 503)
    return HolodeckError(code, what, told.get("todo", ""), error.code, retryable)


def _unreachable(url: str, error: Exception) -> HolodeckError:
    reason = getattr(error, "reason", None) or error
    todo = "Check the address, and that `holodeck up` runs there."
    return HolodeckError("server_unreachable", f"The server {url} cannot be reached ({reason}).", todo, None, True)


def _server_sent(response: Any) -> Iterator[Any]:
    """Frames of a stream of server-sent events: type, data (None for an id alone), id."""
    kind, data, event_id = "message", None, None
    for line in response:
        text = line.decode().rstrip("\r\n")
        name, _, value = text.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if text == "":
            if data is not None or event_id is not None:
                yield kind, data, event_id
            kind, data, event_id = "message", None, None
        elif name == "id":
            event_id = value
        elif name == "event":
            kind = value
        elif name == "data":
            data = value if data is None else f"{data}\n{value}"
