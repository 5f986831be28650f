// The log of one chat: bubbles by sid, a line per day, and staying at the newest.
import { bubble } from "./bubble.js";
import { day, el } from "./dom.js";

export class Chat {
  constructor(node, act) {
    this.node = node;
    this.act = Object.assign({ find: (sid) => this.messages.get(sid) }, act);
    this.clear();
  }

  clear() {
    this.messages = new Map();
    this.lastDay = "";
    this.node.replaceChildren();
    this.empty();
  }

  empty() {
    this.node.append(
      el("div", { class: "empty" }, el("p", null, "No messages yet."), el("p", null, "Type below to text Mentorline."))
    );
  }

  show(messages) {
    this.node.setAttribute("aria-live", "off");
    this.clear();
    for (const message of messages) this.add(message, true);
    this.node.scrollTop = this.node.scrollHeight;
    // Only what comes from now on is news to a screen reader.
    setTimeout(() => this.node.setAttribute("aria-live", "polite"), 300);
  }

  add(message, quietly) {
    if (this.messages.has(message.sid)) return;
    if (!this.messages.size) this.node.replaceChildren();
    this.messages.set(message.sid, message);
    const today = day(message.at);
    if (today !== this.lastDay) {
      this.lastDay = today;
      this.node.append(el("p", { class: "day" }, el("span", null, today)));
    }
    const low = this.node.scrollHeight - this.node.scrollTop - this.node.clientHeight < 140;
    const node = bubble(message, this.act);
    if (!quietly) node.classList.add("new");
    this.node.append(node);
    if (!quietly && (low || message.direction === "in")) this.node.scrollTop = this.node.scrollHeight;
  }

  update(change) {
    const message = this.messages.get(change.sid);
    if (!message) return;
    Object.assign(message, { status: change.status, error_code: change.error_code, note: change.note });
    const old = this.node.querySelector('[data-sid="' + CSS.escape(change.sid) + '"]');
    if (!old) return;
    const low = this.node.scrollHeight - this.node.scrollTop - this.node.clientHeight < 60;
    const held = document.activeElement && old.contains(document.activeElement);
    old.replaceWith(bubble(message, this.act));
    if (held) this.node.focus();
    if (low) this.node.scrollTop = this.node.scrollHeight;
  }
}
