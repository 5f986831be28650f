// One message as a bubble. Everything a message says goes in as text, never as markup.
import { el, icon, time } from "./dom.js";

const TICKS = {
  waiting: ["wait", "Waiting for the network"],
  accepted: ["wait", "On its way"],
  queued: ["wait", "On its way"],
  sent: ["one", "Sent"],
  delivered: ["two", "Delivered"],
  read: ["two", "Read"],
  failed: ["alert", "Failed"],
  undelivered: ["alert", "Failed"],
};

// WhatsApp's own marks: *bold*, _italic_, ~struck~.
const MARKS = /(\*[^*\n]+\*|(?<![A-Za-z0-9])_[^_\n]+_(?![A-Za-z0-9])|~[^~\n]+~)/;
const TAGS = { "*": "strong", _: "em", "~": "s" };

function words(text, marked) {
  if (!marked) return [text];
  return text.split(MARKS).filter(Boolean).map((part) => {
    const tag = part.length > 2 && part[0] === part[part.length - 1] ? TAGS[part[0]] : null;
    return tag ? el(tag, null, part.slice(1, -1)) : part;
  });
}

function media(message) {
  return message.media.map((item) => {
    const image = item.content_type.startsWith("image/") && message.direction === "in";
    if (!image) return el("p", { class: "file" }, icon("photo"), item.content_type);
    const src = "/simulator/media/" + message.sid + "/" + item.sid;
    return el("img", { class: "photo", src, alt: "Photo: a page of a partograph", loading: "lazy" });
  });
}

function foot(message) {
  const [name, label] = TICKS[message.status] || ["one", message.status];
  const said = message.note && name === "alert" ? label + ": " + message.note : label;
  const many = message.channel === "sms" && message.segments > 1;
  return el(
    "span", { class: "foot" },
    many ? el("span", { class: "parts" }, message.segments + " SMS") : null,
    el("time", { datetime: message.at }, time(message.at)),
    icon(name, said, "tick " + message.status)
  );
}

function trouble(message, act) {
  const bad = message.status === "failed" || message.status === "undelivered";
  const held = !bad && message.note;
  if (!bad && !held && message.status !== "waiting") return null;
  if (!bad) return el("p", { class: "trouble held" }, message.note || "Waiting for the network.");
  const code = message.error_code ? " (" + message.error_code + ")" : "";
  const out = message.direction === "out";
  const what = out ? "Never reached this phone: " : "Not received: ";
  return el(
    "p", { class: "trouble" }, what + message.note + code,
    out ? null : el("button", { type: "button", onclick: () => act.again(message) }, "Send again")
  );
}

// `act` has again, quote, press, choose and find; see Phone.
export function bubble(message, act) {
  const mine = message.direction === "in";
  const quoted = message.quoted ? act.find(message.quoted) : null;
  const lost = !mine && ["failed", "undelivered"].includes(message.status);
  const ghost = lost || (!mine && message.status !== "delivered" && message.status !== "read");
  const marked = message.channel === "whatsapp";
  const body = el(
    "div", { class: "bubble" },
    quoted ? el("p", { class: "quoted" }, el("strong", null, quoted.direction === "in" ? "You" : "Mentorline"), el("span", null, quoted.body.replace(/[*_~]/g, "") || "Photo")) : null,
    ...media(message),
    message.location ? el("p", { class: "place" }, icon("place"), message.location.label || "Location") : null,
    message.body ? el("p", { class: "text", dir: "auto" }, ...words(message.body, marked)) : null,
    foot(message)
  );
  const label = (mine ? "You" : message.automatic ? "The network" : "Mentorline") + ", " + time(message.at);
  const reply = marked && !lost
    ? el("button", { type: "button", class: "reply", "aria-label": "Reply to this message", title: "Reply", onclick: () => act.quote(message) }, icon("reply"))
    : null;
  const buttons = message.buttons.map((button) =>
    el("button", { type: "button", class: "quick", disabled: ghost, onclick: () => act.press(message, button) }, icon("reply"), button.title));
  if (message.picker)
    buttons.push(el("button", { type: "button", class: "quick", disabled: ghost, onclick: () => act.choose(message) }, icon("list"), message.picker.button));
  return el(
    "article", {
      class: "message " + (mine ? "mine" : "theirs") + (ghost ? " ghost" : "") + (lost ? " lost" : "") + (message.automatic ? " automatic" : ""),
      "data-sid": message.sid, "aria-label": label,
    },
    el("div", { class: "line" }, body, reply),
    buttons.length ? el("div", { class: "quicks" }, ...buttons) : null,
    trouble(message, act)
  );
}
