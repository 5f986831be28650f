// The drawer "Network": every switch in plain words.
import { call } from "./api.js";
import { el } from "./dom.js";

const PER_PHONE = [
  ["network_down", "No network", "Messages wait in both directions"],
  ["window_closed", "WhatsApp window closed", "Only templates get through until they write"],
  ["opted_out", "Opted out", "The provider refuses messages (21610)"],
];

export class Drawer {
  constructor(phones) {
    this.phones = phones;
    this.switches = {};
    this.offset = 0;
    this.node = document.getElementById("drawer");
    this.veil = document.querySelector(".veil");
    this.opener = document.querySelector(".network");
    this.listen();
  }

  listen() {
    this.opener.addEventListener("click", () => this.open(true));
    this.veil.addEventListener("click", () => this.open(false));
    this.node.querySelector("[data-close]").addEventListener("click", () => this.open(false));
    this.node.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.open(false);
      if (event.key === "Tab") this.keepFocus(event);
    });
    for (const input of this.node.querySelectorAll("[data-switch]"))
      input.addEventListener("change", () => {
        const value = input.type === "checkbox" ? input.checked : "number" in input.dataset ? Number(input.value) : input.value;
        this.set({ [input.dataset.switch]: value, ...(input.dataset.switch === "api_failure" ? { api_failure_count: 0 } : {}) });
      });
    this.node.querySelector("[data-everybody]").addEventListener("change", (event) => this.set({ network_down: event.target.checked }));
    for (const chip of this.node.querySelectorAll("[data-hours]"))
      chip.addEventListener("click", () => {
        const hours = Number(chip.dataset.hours);
        call("POST", "clock", { offset_seconds: hours ? this.offset + hours * 3600 : 0 });
      });
    this.node.querySelector("[data-calm]").addEventListener("click", () =>
      this.set({
        network_down: false, window_closed: false, opted_out: false, delivery_error: {}, callbacks: "normal",
        api_failure: "none", webhooks_twice: false, advanced_opt_out: false, read_receipts: true, delay_ms: 250,
      }));
    this.node.querySelector("[data-reset]").addEventListener("click", () => {
      if (confirm("Empty all chats on every phone?")) call("POST", "reset", {});
    });
  }

  keepFocus(event) {
    const stops = Array.from(this.node.querySelectorAll("button, input, select")).filter((n) => !n.disabled);
    const edge = event.shiftKey ? stops[0] : stops[stops.length - 1];
    if (document.activeElement !== edge) return;
    event.preventDefault();
    (event.shiftKey ? stops[stops.length - 1] : stops[0]).focus();
  }

  open(yes) {
    this.node.hidden = this.veil.hidden = !yes;
    if (yes) {
      this.draw();
      this.node.querySelector("[data-close]").focus();
    } else this.opener.focus();
  }

  async set(changes) {
    try {
      this.show(await call("POST", "switches", changes));
    } catch (problem) {
      this.draw();
    }
  }

  show(switches) {
    this.switches = switches;
    this.draw();
    for (const phone of this.phones) phone.refreshFacts();
  }

  draw() {
    const now = this.switches;
    if (!now.network_down) return;
    for (const input of this.node.querySelectorAll("[data-switch]")) {
      const value = now[input.dataset.switch];
      if (input.type === "checkbox") input.checked = value;
      else input.value = String(value);
    }
    this.node.querySelector("[data-everybody]").checked = now.network_down.includes("*");
    this.drawPhones(now);
    const count = this.faults(now);
    const badge = this.opener.querySelector(".faults");
    badge.hidden = !count;
    badge.textContent = count ? String(count) : "";
    badge.setAttribute("aria-label", count + " faults are on");
  }

  drawPhones(now) {
    const held = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.key : null;
    const groups = this.phones.filter((phone) => phone.address).map((phone) => el(
      "div", { class: "group" }, el("h3", null, phone.person.name, el("small", null, phone.channel === "sms" ? "SMS" : "WhatsApp")),
      ...PER_PHONE.filter(([name]) => name !== "window_closed" || phone.channel === "whatsapp").map(([name, title, about]) => {
        const on = now[name].includes(phone.address);
        const input = el("input", { type: "checkbox", "data-key": phone.slot + name });
        input.checked = on;
        input.addEventListener("change", () => this.set({ [name]: { [phone.address]: input.checked } }));
        return el("label", { class: "switch" }, el("span", null, title, el("small", null, about)), input);
      })
    ));
    this.node.querySelector('[data-part="phones"]').replaceChildren(...groups);
    if (held) {
      const again = this.node.querySelector('[data-key="' + held + '"]');
      if (again) again.focus();
    }
  }

  faults(now) {
    return now.network_down.length + now.window_closed.length + now.opted_out.length +
      Object.keys(now.delivery_error).length + (now.callbacks !== "normal") + (now.api_failure !== "none") +
      Number(now.webhooks_twice);
  }

  tick(now) {
    const words = new Date(now).toLocaleString([], { weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", hour12: false });
    const node = this.node.querySelector('[data-part="now"]');
    if (node.textContent !== words) node.textContent = words;
    const pill = document.querySelector(".shifted");
    pill.hidden = !this.offset;
    if (pill.textContent !== words) pill.textContent = words;
  }
}
