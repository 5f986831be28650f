"""The control API under /simulator/api: what the pages, the demo and the tests use.

JSON in, JSON out; a refusal is `{"error": "one sentence"}` with 400. Times are ISO 8601, UTC.

- `GET|PUT /phonebook` a list of `{name, role, sms, whatsapp, note}`
- `POST /phones/{address}/send` one of `text`, `button: {sid, id}`, `list: {sid, id}`, `media`
  (`["sample"]`), `location: {latitude, longitude, label}`, with `quote: sid` if need be;
  `profile_name`, `to` and `extra` (raw form fields) override the form. 202 with the message.
- `POST /messages/{sid}/again` post a failed inbound message once more
- `GET /events?after=N&wait=10` events after a cursor, waiting up to `wait` seconds (at most 25)
- `GET /threads`, `GET /threads/{address}` the chats
- `GET|POST /switches` see `switches.Switches`
- `POST /clock {"offset_seconds": N}`, `POST /reset`, `GET /stats`
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from simulator import text
from simulator.delivery import Delivery
from simulator.inbound import CannotSend, Inbound
from simulator.model import Person
from simulator.state import State
from simulator.switches import BadSwitch

# Long enough that a burst of events makes one answer, too short for an eye to see.
COALESCE_SECONDS = 0.03


def blueprint(state: State, inbound: Inbound, delivery: Delivery) -> Blueprint:
    api = Blueprint("control", __name__, url_prefix="/simulator/api")

    @api.errorhandler(CannotSend)
    @api.errorhandler(BadSwitch)
    def _refused(problem: Exception) -> ResponseReturnValue:
        return jsonify(error=str(problem)), 400

    @api.before_request
    def _from_here() -> ResponseReturnValue | None:
        # Nothing here asks for a password: no other site may press the buttons.
        if request.headers.get("Sec-Fetch-Site") == "cross-site":
            return jsonify(error="Only the simulator's own pages may do this."), 403
        return None

    @api.after_request
    def _fresh(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        return response

    _people(api, state)
    _chats(api, state, inbound)
    _network(api, state, inbound, delivery)
    return api


def _people(api: Blueprint, state: State) -> None:
    @api.get("/phonebook")
    def phonebook() -> Response:
        return jsonify([person.to_json() for person in state.people])

    @api.put("/phonebook")
    def set_phonebook() -> Response:
        entries = request.get_json()
        if not isinstance(entries, list):
            raise CannotSend("The phone book is a list.")
        state.set_people(_person(entry) for entry in entries)
        return phonebook()


def _person(entry: Any) -> Person:
    if not isinstance(entry, dict) or not entry.get("name"):
        raise CannotSend("Every entry of the phone book has a name.")
    fields = {name: str(entry.get(name) or "") for name in ("sms", "whatsapp")}
    for name, address in fields.items():
        if address and (not text.valid(address) or text.is_whatsapp(address) != (name != "sms")):
            raise CannotSend(f"{address} is not an address for {name}.")
    role = str(entry.get("role") or "mentee")
    return Person(str(entry["name"]), role, note=str(entry.get("note") or ""), **fields)


def _chats(api: Blueprint, state: State, inbound: Inbound) -> None:
    @api.post("/phones/<path:address>/send")
    def send(address: str) -> ResponseReturnValue:
        wanted = request.get_json()
        if not isinstance(wanted, dict):
            raise CannotSend("A message is an object.")
        return jsonify(inbound.send(address, wanted).view()), 202

    @api.post("/messages/<sid>/again")
    def again(sid: str) -> ResponseReturnValue:
        return jsonify(inbound.again(sid).view()), 202

    @api.get("/events")
    def events() -> Response:
        after = request.args.get("after", 0, int)
        wait = min(25.0, max(0.0, request.args.get("wait", 0.0, float)))
        fresh, cursor = state.events_after(after, wait)
        if fresh and wait:
            time.sleep(COALESCE_SECONDS)
            fresh, cursor = state.events_after(after)
        return jsonify(events=fresh, cursor=cursor)

    @api.get("/threads")
    def threads() -> Response:
        with state.lock:
            return jsonify(
                cursor=state.cursor,
                threads=[
                    {
                        "address": address,
                        "count": len(messages),
                        "last": messages[-1].view(),
                    }
                    for address, messages in state.threads.items()
                    if messages
                ],
            )

    @api.get("/threads/<path:address>")
    def thread(address: str) -> Response:
        last = max(1, min(1000, request.args.get("last", 200, int)))
        with state.lock:
            messages = state.threads.get(address, [])[-last:]
            until = state.window_until(address)
            return jsonify(
                address=address,
                cursor=state.cursor,
                messages=[message.view() for message in messages],
                window={"open": until is not None, "until": until.isoformat() if until else None},
                opted_out=state.opted_out(address),
                network_down=state.switches.down(address),
            )


def _network(api: Blueprint, state: State, inbound: Inbound, delivery: Delivery) -> None:
    @api.get("/switches")
    def switches() -> Response:
        return jsonify(state.switches.to_json())

    @api.post("/switches")
    def set_switches() -> Response:
        wanted = request.get_json()
        if not isinstance(wanted, dict):
            raise BadSwitch("Switches are an object.")
        with state.lock:
            state.switches.update(wanted)
            state.event("switches", switches=state.switches.to_json())
        if "network_down" in wanted:
            inbound.network_changed()
            delivery.network_changed()
        return switches()

    @api.get("/clock")
    def clock() -> Response:
        seconds = state.offset.total_seconds()
        return jsonify(now=state.now().isoformat(), offset_seconds=seconds)

    @api.post("/clock")
    def set_clock() -> Response:
        wanted = request.get_json()
        seconds = wanted.get("offset_seconds") if isinstance(wanted, dict) else None
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise BadSwitch("offset_seconds is a number.")
        if abs(seconds) > 20 * 366 * 86400:
            raise BadSwitch("offset_seconds is at most twenty years.")
        state.set_offset(seconds)
        return clock()

    @api.post("/reset")
    def reset() -> Response:
        state.forget()
        return jsonify(cursor=state.cursor)

    @api.get("/stats")
    def stats() -> Response:
        return jsonify(collect_stats(state, inbound, delivery))


def collect_stats(state: State, inbound: Inbound, delivery: Delivery) -> dict[str, Any]:
    """Counts since the start or reset; `idle` when nothing is under way any more."""
    waiting: dict[str, Callable[[], int]] = {
        "webhooks_pending": lambda: inbound.lanes.pending,
        "callbacks_pending": lambda: delivery.lanes.pending,
        "steps_pending": lambda: delivery.timers.pending,
    }
    pending = {name: count() for name, count in waiting.items()}
    with state.lock:
        counts = dict(state.counts)
        kept = {"messages": len(state.messages), "templates": len(state.contents)}
    return {**counts, **kept, **pending, "idle": not any(pending.values())}
