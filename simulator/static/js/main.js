// Starts the phones and hands on what happens.
import { call, follow } from "./api.js";
import { Drawer } from "./drawer.js";
import { recall, remember } from "./dom.js";
import * as people from "./people.js";
import { Phone } from "./phone.js";

// Addresses with messages nobody has looked at: the time of the newest seen, and of the newest.
class Unread {
  constructor() {
    this.looked = recall("seen", {});
    this.newest = {};
  }
  arrived(message) {
    if (message.direction === "out") this.newest[message.address] = message.at;
  }
  seen(address) {
    if (this.newest[address] && this.looked[address] !== this.newest[address]) {
      this.looked[address] = this.newest[address];
      remember("seen", this.looked);
    }
  }
  has(address) {
    return (this.newest[address] || "") > (this.looked[address] || "");
  }
}

const unread = new Unread();
const wide = matchMedia("(min-width: 900px)");
let drawer = null;

function visible(phone) {
  return wide.matches || document.body.dataset.tab === phone.slot;
}

function redraw() {
  for (const phone of phones) {
    if (visible(phone)) unread.seen(phone.address);
  }
  for (const phone of phones) {
    phone.drawPeople();
    const dot = document.querySelector('.tabs [data-tab="' + phone.slot + '"] .dot');
    dot.hidden = visible(phone) || !unread.has(phone.address);
  }
  if (drawer && !drawer.node.hidden) drawer.draw();
}

const phones = Array.from(document.querySelectorAll(".station")).map((root) => new Phone(root, unread, redraw));
drawer = new Drawer(phones);

function selectTab(name) {
  document.body.dataset.tab = name;
  remember("tab", name);
  for (const tab of document.querySelectorAll(".tabs [data-tab]"))
    tab.setAttribute("aria-selected", String(tab.dataset.tab === name));
  for (const phone of phones) {
    const log = phone.part("chat");
    log.scrollTop = log.scrollHeight;
  }
  redraw();
}

for (const tab of document.querySelectorAll(".tabs [data-tab]")) {
  tab.addEventListener("click", () => selectTab(tab.dataset.tab));
  tab.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const other = document.querySelector('.tabs [data-tab]:not([data-tab="' + tab.dataset.tab + '"])');
    selectTab(other.dataset.tab);
    other.focus();
  });
}

function onEvents(events) {
  let drawn = false;
  for (const event of events) {
    if (event.message) {
      unread.arrived(event.message);
      drawn = true;
    }
    for (const phone of phones) phone.event(event);
    if (event.kind === "phonebook") {
      people.setBook(event.people);
      for (const phone of phones) phone.begin();
    }
    if (event.kind === "switches") drawer.show(event.switches);
    if (event.kind === "clock") {
      drawer.offset = event.offset_seconds;
      for (const phone of phones) phone.refreshFacts();
      tick();
    }
    if (event.kind === "reset") start();
  }
  if (drawn) redraw();
}

function tick() {
  const now = new Date(Date.now() + drawer.offset * 1000).toISOString();
  for (const phone of phones) phone.tick(now);
  drawer.tick(now);
}

async function start() {
  const [book, switches, clock, summary] = await Promise.all(
    ["phonebook", "switches", "clock", "threads"].map((path) => call("GET", path))
  );
  people.setBook(book);
  drawer.offset = clock.offset_seconds;
  for (const thread of summary.threads) unread.arrived(thread.last);
  for (const phone of phones) phone.begin();
  drawer.show(switches);
  tick();
  return summary.cursor;
}

async function run() {
  let cursor = null;
  const offline = document.querySelector(".offline");
  while (cursor === null) {
    try {
      cursor = await start();
      offline.hidden = true;
    } catch (problem) {
      offline.hidden = false;
      await new Promise((done) => setTimeout(done, 1000));
    }
  }
  document.body.dataset.ready = "true";
  follow(cursor, onEvents, (up) => {
    offline.hidden = up;
    if (up) start();
  });
}

selectTab(recall("tab", "mentee"));
setInterval(tick, 5000);
addEventListener("resize", () => {
  for (const phone of phones) phone.part("chat").scrollTop = phone.part("chat").scrollHeight;
});
wide.addListener(redraw);
run();
