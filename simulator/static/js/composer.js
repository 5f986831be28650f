// The typing box: text, counter, quote, attachments.
import { count } from "./segments.js";

const PLACE = { latitude: -1.9536, longitude: 30.0606, label: "Health centre" };

export class Composer {
  // `send(request)` resolves when the phone has taken the message.
  constructor(root, send) {
    this.send = send;
    this.form = root.querySelector(".composer");
    this.text = this.form.querySelector("textarea");
    this.counter = this.form.querySelector('[data-part="counter"]');
    this.menu = this.form.querySelector(".menu");
    this.opener = this.form.querySelector(".attach > button");
    this.bar = root.querySelector(".quoting");
    this.refused = root.querySelector(".refused");
    this.quoted = null;
    this.channel = "sms";
    this.listen();
  }

  listen() {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.submit();
      }
      if (event.key === "Escape" && this.quoted) this.quote(null);
    });
    this.text.addEventListener("input", () => this.changed());
    this.bar.querySelector("button").addEventListener("click", () => this.quote(null));
    this.opener.addEventListener("click", () => this.open(this.menu.hidden));
    this.menu.addEventListener("click", (event) => {
      const button = event.target.closest("[data-attach]");
      if (!button) return;
      this.open(false);
      this.submit(button.dataset.attach === "photo" ? { media: ["sample"] } : { location: PLACE });
    });
    document.addEventListener("click", (event) => {
      if (!this.menu.hidden && !event.target.closest(".attach")) this.open(false);
    });
    this.menu.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        this.open(false);
        this.opener.focus();
      }
    });
  }

  open(yes) {
    this.menu.hidden = !yes;
    this.opener.setAttribute("aria-expanded", String(yes));
    if (yes) this.menu.querySelector("button").focus();
  }

  setChannel(channel) {
    this.channel = channel;
    this.text.placeholder = channel === "sms" ? "Text message" : "Message";
    this.menu.querySelector('[data-attach="place"]').hidden = channel === "sms";
    this.quote(null);
    this.changed();
  }

  quote(message) {
    this.quoted = message;
    this.bar.hidden = !message;
    if (!message) return;
    const who = message.direction === "in" ? "You" : "Mentorline";
    this.bar.querySelector("[data-part]").textContent = who + ": " + (message.body.replace(/[*_~]/g, "") || "Photo");
    this.text.focus();
  }

  changed() {
    const text = this.text.value;
    this.text.rows = 1;
    const line = parseFloat(getComputedStyle(this.text).lineHeight) || 20;
    this.text.rows = Math.max(1, Math.min(4, Math.floor((this.text.scrollHeight - 8) / line)));
    this.form.classList.toggle("typed", Boolean(text.trim()));
    const { units, room, segments } = count(text);
    this.counter.hidden = this.channel !== "sms" || !text;
    this.counter.textContent = units + "/" + room + (segments > 1 ? " · " + segments + " SMS" : "");
    this.counter.classList.toggle("long", segments > 1);
  }

  async submit(attached) {
    const text = this.text.value.trim();
    if (!text && !attached) return;
    const request = Object.assign({}, attached);
    if (text) request.text = text;
    if (this.quoted) request.quote = this.quoted.sid;
    this.text.value = "";
    this.quote(null);
    this.changed();
    try {
      await this.send(request);
      this.refused.hidden = true;
    } catch (problem) {
      if (!this.text.value) this.text.value = text;
      this.changed();
      this.refused.textContent = problem.message;
      this.refused.hidden = false;
    }
  }
}
