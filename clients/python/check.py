"""What the client does, against the server whose address is the first argument. Prints `ok` when all of it holds."""
import sys
import threading

from holodeck_client import Holodeck, HolodeckError

holodeck = Holodeck(sys.argv[1], api_key="an-operators-key-0123")


def refusal(call):
    try:
        call()
    except HolodeckError as error:
        return error.code
    return None


def until_end(stream, after):
    for event in holodeck.events(stream=stream, after=after):
        yield event
        if event["type"] == "session_ended":
            return


with holodeck.start_session("research", "oracle1", tags=["python"]) as session:
    followed = []
    follower = threading.Thread(target=lambda: followed.extend(until_end(session.stream, "start")))
    follower.start()
    session.add_task("a/b", data={"query": "what?"}, idempotency_key="k1")
    session.add_task("a/b", data={"query": "what?"}, idempotency_key="k1")
    assert session.start_task("a/b")["status"] == "running"
    session.heartbeat("a/b", note="half way")
    big = {"text": "x" * 100_000}
    session.complete_task("a/b", result=big)
    assert session.result("a/b") == big
    assert refusal(lambda: session.complete_task("a/b")) == "task_ended"
    holodeck.register_agent("builder", ["compilation"])
    assert session.route("compile", ["compilation"])["agent_id"] == "builder"
    session.fail_task("compile", "no compiler")
    session.add_task("later")
    session.cancel_task("later", "not needed")
    assert [task["outcome"] for task in session.tasks()] == ["success", "failed", "cancelled"]

follower.join(20)
seqs = [event["seq"] for event in followed]
assert seqs == list(range(1, len(seqs) + 1)), seqs
assert seqs == [event["seq"] for event in session.events()]
middle = followed[3]["id"]
assert [event["seq"] for event in until_end(session.stream, middle)] == seqs[4:]
assert session.get()["outcome"] == "success"
assert [tile["tile"]["tags"][1] for tile in session.tiles()][-1] == "session"
assert [one["session_id"] for one in holodeck.sessions(tag="python", limit=1)] == [session.session_id]
assert session.fork(2).task("a/b")["status"] == "pending"

try:
    with holodeck.start_session("broken", "oracle1") as broken:
        raise ValueError("on purpose")
except ValueError:
    pass
assert broken.get()["error"] == "ValueError: on purpose"

reading = {"id": "r", "roles": ["reader"], "effect": "allow", "actions": ["read"], "resources": ["axis.*"]}
assert holodeck.put_policy("house", [reading], expected_version=0)["version"] == 1
assert holodeck.put_statement("house", {**reading, "id": "s"})["version"] == 2
assert [one["id"] for one in holodeck.remove_statement("house", "s")["statements"]] == ["r"]
assert len(holodeck.policy("house", version=2)["statements"]) == 2
assert refusal(lambda: holodeck.put_policy("house", [], expected_version=9)) == "conflict"
for role in ("reader", "old/one"):
    holodeck.put_role(role, "for a while")
assert holodeck.retire_role("old/one")["status"] == "retired" and holodeck.role("reader")["status"] == "active"
assert {one["id"]: one["status"] for one in holodeck.listed("roles")} == {"reader": "active", "old/one": "retired"}
holodeck.put_identity("ada", nickname="Ada", roles=["reader"])
assert holodeck.grant_role("ada", "writer")["roles"] == ["reader", "writer"]
assert holodeck.revoke_role("ada", "writer")["roles"] == ["reader"]
assert holodeck.identity("ada", version=2)["roles"] == ["reader", "writer"]
assert [change["type"] for change in holodeck.audit("identities", "ada")] == ["identity_put", "role_granted", "role_revoked"]

with holodeck.start_session("guarded", "oracle1", policy="house", identity="ada", record_allows="all") as guarded:
    assert guarded.get()["policy_key"] == "policy:house"
    guarded.attach_agent("bot", capabilities=["gpu"], heartbeat_seconds=60)
    assert guarded.heartbeat_agent("bot")["roles"] == ["reader"]
    assert [agent["agent_id"] for agent in guarded.introspect()["agents"]] == ["bot"]
    assert guarded.can("bot", "read", "axis.a", {"n": 1})["reasons"] == ["r"]
    assert not guarded.can("bot", "write", {"id": "axis.a", "attributes": {}})["allow"]
    assert [made["allow"] for made in guarded.decisions()] == [True, False]
    assert guarded.replay_decisions(statements=[])["differences"][0]["kind"] == "now_denied"
    assert guarded.replay_decisions(policy="house")["differences"] == []
    guarded.revoke_role("reader")
    assert not guarded.can("bot", "read", "axis.a")["allow"]
    assert not guarded.detach_agent("bot", "done")["attached"]
    assert refusal(lambda: guarded.heartbeat_agent("bot")) == "not_found"
assert holodeck.remove_identity("ada")["status"] == "removed"

tile = holodeck.submit("lab/notes", "What holds the bridge?", {"answer": "tension and cables"}, tags=["bridge"])
assert tile["status"] == "accepted"
assert [one["tile_hash"] for one in holodeck.search("cables", room="lab/notes")] == [tile["tile_hash"]]
assert "lab/notes" in [room["room"] for room in holodeck.rooms()]
assert [one["question"] for one in holodeck.room_tiles("lab/notes")] == ["What holds the bridge?"]
assert refusal(lambda: holodeck.submit("lab/notes", "What is sure?", "It is always guaranteed to hold.")) == "tile_refused"
assert refusal(lambda: holodeck.session("sess_nobody").get()) == "not_found"
assert refusal(lambda: Holodeck(sys.argv[1], api_key="wrong", retry_seconds=0).session("x").get()) == "unauthenticated"
assert refusal(lambda: Holodeck("http://127.0.0.1:9", retry_seconds=0).session("x").get()) == "server_unreachable"
print("ok")
