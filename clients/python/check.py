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
