// Who there is: the programme's phone book, and people invented here.
import { recall, remember } from "./dom.js";

let book = [];
let invented = recall("invented", []);

export function setBook(people) {
  book = people;
}

export function all() {
  const known = new Set();
  for (const person of book) known.add(person.sms).add(person.whatsapp);
  const fresh = invented.filter((p) => !known.has(p.sms || "-") && !known.has(p.whatsapp || "-"));
  return book.concat(fresh);
}

// People of the wanted role first; the order is otherwise kept.
export function forSlot(slot) {
  const people = all();
  const fits = (person) => (person.role === "mentor") === (slot === "mentor");
  return people.filter(fits).concat(people.filter((person) => !fits(person)));
}

export const keyOf = (person) => person.sms || person.whatsapp;
export const byKey = (key) => all().find((person) => keyOf(person) === key);
export const addresses = (person) => [person.sms, person.whatsapp].filter(Boolean);

const NUMBER = /^\+[1-9]\d{6,14}$/;
const USER_ID = /^[A-Z]{2}\.\d{4,32}$/;

// Throws an Error with one sentence if the address is none.
export function invent(name, raw, slot) {
  const typed = raw.replace(/^whatsapp:/, "").replace(/[\s()-]/g, "");
  const number = NUMBER.test(typed);
  if (!number && !USER_ID.test(typed.toUpperCase()))
    throw new Error("Write a number like +250788000123 or a WhatsApp user id like RW.123456.");
  const person = {
    name: name.trim() || raw.trim(), role: slot, note: "",
    sms: number ? typed : "", whatsapp: "whatsapp:" + (number ? typed : typed.toUpperCase()),
  };
  const old = byKey(keyOf(person));
  if (old) return old;
  invented = invented.concat(person);
  remember("invented", invented);
  return person;
}

export const initials = (name) =>
  name.replace(/^(dr|nurse|midwife|mr|mrs|ms)\.?\s+/i, "").split(/\s+/).filter(Boolean)
    .slice(0, 2).map((word) => word[0].toUpperCase()).join("").replace(/[^\p{L}\p{N}]/gu, "") || "?";

export const readable = (address) => {
  const plain = address.replace("whatsapp:", "");
  return plain.replace(/^(\+250)(\d{3})(\d{3})(\d{3})$/, "$1 $2 $3 $4");
};
