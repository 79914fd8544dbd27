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
        task_timeout_seconds, session_timeout_seconds, plato_url, scout_room, h1_router_enabled, session_id, policy,
        identity, roles, record_allows, …"""
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

    # Policies, identities and roles: for an operator's key

    def put_policy(self, policy_id: str, statements: List[Json], **options: Any) -> Json:
        """Makes these all the statements of a policy; the next decision knows. Options, here and below:
        expected_version (refused with `conflict` at another one), idempotency_key."""
        return self._change("/v1/policies", policy_id=policy_id, statements=statements, **options)

    def put_statement(self, policy_id: str, statement: Json, **options: Any) -> Json:
        """Adds a statement, or puts it in the place of the one with its id."""
        return self._change(_path("policies", policy_id, "statements"), statement=statement, **options)

    def remove_statement(self, policy_id: str, statement_id: str, **options: Any) -> Json:
        """The policy without the statement."""
        return self._change(_path("policies", policy_id, "statements", statement_id, "remove"), **options)

    def policy(self, policy_id: str, version: Optional[int] = None) -> Json:
        """A policy with its statements, now or as it stood at a version."""
        return self.get(_path("policies", policy_id), version=version)

    def put_identity(self, identity_id: str, **identity: Any) -> Json:
        """Makes an identity what is given: nickname, metadata, roles."""
        return self._change("/v1/identities", identity_id=identity_id, **identity)

    def grant_role(self, identity_id: str, role_id: str, **options: Any) -> Json:
        """The identity holds the role: the next decision knows."""
        return self._change(_path("identities", identity_id, "grant"), role_id=role_id, **options)

    def revoke_role(self, identity_id: str, role_id: str, **options: Any) -> Json:
        """The identity holds the role no more, nor do the sessions that had it from there."""
        return self._change(_path("identities", identity_id, "revoke"), role_id=role_id, **options)

    def remove_identity(self, identity_id: str, **options: Any) -> Json:
        """The identity may do nothing from then on, nor may what acts for it."""
        return self._change(_path("identities", identity_id, "remove"), **options)

    def identity(self, identity_id: str, version: Optional[int] = None) -> Json:
        """An identity, now or as it stood at a version."""
        return self.get(_path("identities", identity_id), version=version)

    def put_role(self, role_id: str, description: str = "", **options: Any) -> Json:
        """Offers a role, again when it was retired."""
        return self._change("/v1/roles", role_id=role_id, description=description, **options)

    def retire_role(self, role_id: str, **options: Any) -> Json:
        """The role is not given any more; who has it keeps it until it is revoked."""
        return self._change(_path("roles", role_id, "retire"), **options)

    def role(self, role_id: str) -> Json:
        """A role."""
        return self.get(_path("roles", role_id))

    def listed(self, kind: str) -> Iterator[Json]:
        """Those that were put, newest first. `kind`, here and below: policies, identities or roles."""
        return self._pages(_path(kind), "items", {})

    def audit(self, kind: str, one_id: str) -> Iterator[Json]:
        """Who changed one when, and how, the oldest first: version, at, by, type, fields."""
        return self._after(_path(kind, one_id, "audit"), "changes", "version")

    def _change(self, path: str, idempotency_key: Optional[str] = None, **body: Any) -> Json:
        return self.post(path, _given(body), idempotency_key)

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

    def _after(self, path: str, name: str, counted: str = "seq") -> Iterator[Json]:
        place: Optional[int] = 0
        while place is not None:
            page = self.get(path, **{f"after_{counted}": place}, limit=1000)
            yield from page[name]
            place = page[f"next_after_{counted}"]


class Session:
    """A session of a server. As a context it ends with it: as `success`, or as `failed` when an exception leaves it."""

    def __init__(self, holodeck: Holodeck, session_id: str):
        self.session_id = session_id
        self._holodeck = holodeck
        self._path = _path("sessions", session_id)

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

    # Who takes part, and what they may

    def attach_agent(self, agent_id: str, **options: Any) -> Json:
        """Attaches an agent: it stays until it is detached, is silent for too long, or the session ends. Options:
        nickname, metadata, roles, kind, gyre, capabilities, heartbeat_seconds, idempotency_key."""
        return self._post("/agents", agent_id=agent_id, **options)

    def heartbeat_agent(self, agent_id: str) -> Json:
        """Says that an agent is still there; `not_found` when it was silent for too long."""
        return self._post(f"/agents/{quote(agent_id, safe='')}/heartbeat")

    def detach_agent(self, agent_id: str, reason: Optional[str] = None, **options: Any) -> Json:
        """Lets an agent go, and a gyre's drifts before it."""
        return self._post(f"/agents/{quote(agent_id, safe='')}/detach", reason=reason, **options)

    def introspect(self) -> Json:
        """Who is there, with which roles, attached to what."""
        return self._holodeck.get(self._path + "/agents")

    def revoke_role(self, role_id: str) -> Json:
        """The session and all its agents have the role no more."""
        return self._post(f"/roles/{quote(role_id, safe='')}/revoke")

    def can(self, agent_id: str, action: str, resource: Union[str, Json], context: Optional[Json] = None) -> Json:
        """Whether who has this name may do that now: allow, reasons, errors, obligations. A deny is an answer; carry out
        the obligations of what is allowed."""
        return self._post("/decide", agent_id=agent_id, action=action, resource=resource, context=context)

    def decisions(self) -> Iterator[Json]:
        """What was decided, in order: each deny, and allows as `record_allows` says."""
        return self._after("decisions")

    def replay_decisions(self, policy: Optional[str] = None, statements: Optional[List[Json]] = None) -> Json:
        """What another policy, of the store by its id or given as statements, would have decided."""
        return self._post("/decisions/replay", policy=policy, statements=statements)

    def _after(self, name: str) -> Iterator[Json]:
        return self._holodeck._after(f"{self._path}/{name}", name)

    def _post(self, path: str, idempotency_key: Optional[str] = None, **body: Any) -> Json:
        return self._holodeck.post(self._path + path, _given(body), idempotency_key)

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, kind: Any, error: Any, _: Any) -> None:
        self.end("success") if error is None else self.end("failed", f"{kind.__name__}: {error}")


def _path(*segments: str) -> str:
    return "/v1/" + "/".join(quote(segment, safe="") for segment in segments)


def _given(values: Json) -> Json:
    return {name: value for name, value in values.items() if value is not None}


def _query(values: Json) -> str:
    given = _given(values)
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
