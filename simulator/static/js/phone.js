// One phone: a person, a channel, a chat.
import { call, phonePath, threadPath } from "./api.js";
import { Chat } from "./chat.js";
import { Composer } from "./composer.js";
import { el, recall, remember, time } from "./dom.js";
import * as people from "./people.js";

export class Phone {
  constructor(root, unread, onChange) {
    this.root = root;
    this.slot = root.dataset.slot;
    this.unread = unread;
    this.onChange = onChange;
    this.person = null;
    this.now = Date.now();
    this.channel = recall(this.slot + ".channel", this.slot === "mentor" ? "whatsapp" : "sms");
    this.part = (name) => root.querySelector('[data-part="' + name + '"]');
    this.chat = new Chat(this.part("chat"), {
      quote: (message) => this.composer.quote(message),
      press: (message, button) => this.send({ button: { sid: message.sid, id: button.id } }),
      choose: (message) => this.openSheet(message),
      again: (message) => call("POST", "messages/" + message.sid + "/again", {}),
    });
    this.composer = new Composer(root, (request) => this.send(request));
    this.listen();
  }

  get address() {
    return this.person ? this.person[this.channel] : "";
  }

  listen() {
    this.who = this.root.querySelector(".who");
    this.who.addEventListener("click", () => this.openPeople(!this.root.classList.contains("choosing")));
    for (const button of this.root.querySelectorAll("[data-channel]"))
      button.addEventListener("click", () => this.choose(this.person, button.dataset.channel));
    this.sheet = this.root.querySelector(".sheet");
    this.sheet.addEventListener("click", (event) => {
      if (event.target === this.sheet || event.target.closest("header button")) this.closeSheet();
    });
    this.root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      if (!this.sheet.hidden) this.closeSheet();
      else if (this.root.classList.contains("choosing")) {
        this.openPeople(false);
        this.who.focus();
      }
    });
    this.root.querySelector(".phone").addEventListener("click", () => this.openPeople(false));
    this.form = this.root.querySelector(".invent");
    const opener = this.root.querySelector(".new-person");
    const show = (yes) => {
      this.form.hidden = !yes;
      opener.hidden = yes;
      if (yes) this.form.elements.name.focus();
    };
    opener.addEventListener("click", () => show(true));
    this.form.querySelector("[data-cancel]").addEventListener("click", () => show(false));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const problem = this.form.querySelector(".problem");
      const { name, address } = this.form.elements;
      try {
        const person = people.invent(name.value, address.value, this.slot);
        problem.hidden = true;
        this.form.reset();
        show(false);
        this.choose(person, person.sms ? this.channel : "whatsapp");
      } catch (error) {
        problem.textContent = error.message;
        problem.hidden = false;
      }
    });
  }

  openPeople(yes) {
    this.root.classList.toggle("choosing", yes);
    this.who.setAttribute("aria-expanded", String(yes));
  }

  // Take the remembered person, or the first of the fitting role.
  begin() {
    const kept = people.byKey(recall(this.slot + ".person", ""));
    const list = people.forSlot(this.slot);
    this.choose(kept || list[0] || null, this.channel, true);
  }

  async choose(person, channel, quietly) {
    if (!person) return this.drawNobody();
    if (!person[channel]) channel = channel === "sms" ? "whatsapp" : "sms";
    const same = this.person === person && this.channel === channel;
    this.person = person;
    this.channel = channel;
    remember(this.slot + ".person", people.keyOf(person));
    remember(this.slot + ".channel", channel);
    this.openPeople(false);
    this.closeSheet();
    this.draw();
    this.composer.setChannel(channel);
    if (!same || quietly) await this.reload();
    this.onChange();
  }

  async reload() {
    const address = this.address;
    if (!address) return;
    const thread = await call("GET", threadPath(address));
    if (address !== this.address) return;
    this.facts = thread;
    this.chat.show(thread.messages);
    this.unread.seen(address);
    this.drawFacts();
  }

  async refreshFacts() {
    const address = this.address;
    if (!address) return;
    const thread = await call("GET", threadPath(address) + "?last=1");
    if (address !== this.address) return;
    this.facts = thread;
    this.drawFacts();
  }

  async send(request) {
    this.closeSheet();
    const message = await call("POST", phonePath(this.address), request);
    this.chat.add(message);
    if (this.channel === "whatsapp") this.refreshFacts();
  }

  draw() {
    const { name } = this.person;
    this.part("name").textContent = name;
    this.part("avatar").textContent = people.initials(name);
    this.part("address").textContent = people.readable(this.address);
    this.root.querySelector(".phone").dataset.look = this.channel;
    const from = this.channel === "sms" ? document.body.dataset.smsFrom : document.body.dataset.whatsappFrom;
    this.part("ours").textContent = from.replace("whatsapp:", "");
    for (const button of this.root.querySelectorAll("[data-channel]")) {
      button.setAttribute("aria-pressed", String(button.dataset.channel === this.channel));
      button.disabled = !this.person[button.dataset.channel];
    }
    this.drawPeople();
  }

  drawNobody() {
    this.part("name").textContent = "Nobody yet";
    this.part("address").textContent = "Add someone below";
    this.part("avatar").textContent = "?";
    this.drawPeople();
  }

  drawPeople() {
    const rows = people.forSlot(this.slot).map((person) => {
      const current = this.person && people.keyOf(person) === people.keyOf(this.person);
      const fresh = people.addresses(person).some((a) => a !== this.address && this.unread.has(a));
      const about = person.note || (person.role === "mentor" ? "Mentor" : people.readable(people.keyOf(person)));
      return el("li", null, el(
        "button", { type: "button", class: "person", "aria-current": current ? "true" : null, onclick: () => this.choose(person, this.channelFor(person)) },
        el("span", { class: "avatar small" }, people.initials(person.name)),
        el("span", { class: "who-text" }, el("strong", null, person.name), el("small", null, about)),
        fresh ? el("span", { class: "dot", role: "img", "aria-label": "New messages" }) : null
      ));
    });
    this.part("people").replaceChildren(...rows);
    for (const button of this.root.querySelectorAll("[data-channel]")) {
      const address = this.person ? this.person[button.dataset.channel] : "";
      button.classList.toggle("fresh", Boolean(address) && address !== this.address && this.unread.has(address));
    }
    this.root.querySelector(".who-dot").hidden = !this.root.querySelector(".people .dot");
  }

  // A person with news on one channel is opened on that channel.
  channelFor(person) {
    if (person.sms && this.unread.has(person.sms)) return "sms";
    if (person.whatsapp && this.unread.has(person.whatsapp)) return "whatsapp";
    return this.channel;
  }

  drawFacts() {
    const facts = [];
    const { window: open, opted_out: out, network_down: down } = this.facts;
    if (this.channel === "whatsapp")
      facts.push(open.open ? ["good", "Window open, " + this.left(open.until) + " left"] : ["calm", "Window closed"]);
    if (out) facts.push(["bad", "Opted out"]);
    if (down) facts.push(["bad", "No network"]);
    this.part("facts").replaceChildren(...facts.map(([kind, words]) => el("li", { class: kind }, words)));
    this.part("bars").setAttribute("href", down ? "#i-nobars" : "#i-bars");
  }

  left(until) {
    const minutes = Math.max(1, Math.round((Date.parse(until) - this.now) / 60000));
    return minutes < 90 ? minutes + " min" : Math.round(minutes / 60) + " h";
  }

  openSheet(message) {
    this.back = document.activeElement;
    this.part("sheet-title").textContent = message.picker.button;
    const rows = message.picker.items.map((item) => el("li", null, el(
      "button", { type: "button", onclick: () => this.send({ list: { sid: message.sid, id: item.id } }) },
      el("strong", null, item.item), item.description ? el("small", null, item.description) : null
    )));
    this.part("sheet").replaceChildren(...rows);
    this.sheet.hidden = false;
    this.part("sheet").querySelector("button").focus();
  }

  closeSheet() {
    if (this.sheet.hidden) return;
    this.sheet.hidden = true;
    if (this.back) this.back.focus();
  }

  event(event) {
    const address = event.message ? event.message.address : event.address;
    if (!address || address !== this.address) return;
    if (event.message) this.chat.add(event.message);
    else if (event.kind === "status") this.chat.update(event);
  }

  tick(now) {
    this.now = Date.parse(now);
    this.part("clock").textContent = time(now);
  }
}
