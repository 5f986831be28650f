// The control API, and the stream of what happens.
const BASE = "/simulator/api/";

export async function call(method, path, body) {
  const options = { method };
  if (body !== undefined) {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(BASE + path, options);
  const data = await answer.json();
  if (!answer.ok) throw new Error(data.error || "That did not work.");
  return data;
}

// Addresses hold "+" and ":", which a path may carry only escaped.
export const phonePath = (address) => "phones/" + encodeURIComponent(address) + "/send";
export const threadPath = (address) => "threads/" + encodeURIComponent(address);

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// Calls onEvents(list) for ever; onState(true|false) says whether the simulator answers.
export async function follow(cursor, onEvents, onState) {
  let trouble = 0;
  for (;;) {
    try {
      const data = await call("GET", "events?wait=10&after=" + cursor);
      if (trouble) onState(true);
      trouble = 0;
      cursor = data.cursor;
      if (data.events.length) onEvents(data.events);
    } catch (problem) {
      trouble += 1;
      if (trouble > 1) onState(false);
      await pause(Math.min(500 * trouble, 4000));
    }
  }
}
