// One conversation as a picture: this server on the left, the other end on the right, an arrow for what goes between.

import { bytes, count, element, inEachLanguage, seconds, t } from "./words.js";
import { name, rowOf } from "./sockets.js";

/** Steps that are kept of a socket, and of how many sockets. */
const STEPS = 300;
const SOCKETS = 300;

const find = (id) => document.getElementById(id);
const list = find("steps");
const kept = new Map();
let chosen = null;

export function diagram() {
  inEachLanguage(draw);
}

/** Forgets all that was kept. */
export function forget() {
  kept.clear();
  draw();
}

/** Keeps an event, and draws it if it belongs to the chosen socket. */
export function keep(event) {
  const id = event.told.socket;
  if (id === undefined || !(event.told.event in steps)) return;
  const step = steps[event.told.event](event.told, event.preview);
  if (!step) return;
  let events = kept.get(id);
  if (!events) {
    events = [];
    kept.set(id, events);
    if (kept.size > SOCKETS) kept.delete(kept.keys().next().value);
  }
  events.push(event);
  if (events.length > STEPS) events.shift();
  if (id === chosen) {
    put(event);
    heading();
  }
}

/** Draws this socket's conversation from here on. */
export function draws(id) {
  chosen = id;
  draw();
}

function draw() {
  list.replaceChildren();
  for (const event of kept.get(chosen) ?? []) put(event);
  heading();
}

function heading() {
  const row = rowOf(chosen);
  const empty = (kept.get(chosen) ?? []).length === 0;
  find("diagram-empty").hidden = !empty;
  find("diagram-empty").textContent = t(chosen === null ? "choose" : "nothing_yet");
  find("ends").hidden = empty;
  if (!row) return;
  find("diagram-of").textContent = t("drawn_of", { number: chosen, service: name(row) });
  find("ours").textContent = row.local ? `${t("this_end")} ${row.local}` : t("this_end");
  find("theirs").textContent = row.peer ?? t("everybody");
}

function put(event) {
  const [kind, label, moved] = steps[event.told.event](event.told, event.preview);
  const item = element("li", kind);
  const row = element("div", "row");
  const text = element("span", "label");
  // For who can't see the arrow: which way it points.
  if (kind.includes("out")) text.append(element("span", "hidden", `${t("out")} `));
  if (kind.includes("in")) text.append(element("span", "hidden", `${t("in")} `));
  text.append(element("b", "", label));
  if (moved) text.append(" ", element("span", "bytes", moved));
  row.append(text);
  item.append(element("span", "at", seconds(event.told.at)), row);
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.append(item);
  while (list.childElementCount > STEPS) list.firstElementChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
}

const moved = (told, preview) => {
  const peer = told.peer === undefined ? "" : `${address(told.peer)}  `;
  return `${peer}${bytes(told.bytes)}${preview ? ` “${preview}”` : ""}`;
};

/** An address as a recording has it: a text, or an object for the rare ones. */
const address = (value) => (typeof value === "string" ? value : (value.path ?? value.inet));

// What an event looks like: its kind of row, its label, and what was moved.
const steps = {
  bound: (told) => ["ours", "bind", t("step_bound", { address: address(told.local) })],
  listening: () => ["ours", "listen", t("step_listen")],
  connected: () => ["arrow both", t("step_connection")],
  accepted: () => ["arrow both", t("step_connection")],
  upgraded: (told) => ["arrow both", t("step_layer", { name: told.to })],
  sent: (told, preview) => ["arrow out", told.call, moved(told, preview)],
  received: (told, preview) => ["arrow in", told.call, moved(told, preview)],
  half_closed: (told) => [told.end === "ours" ? "arrow out" : "arrow in", t("step_end")],
  failed: (told) => ["arrow in broken", t("step_failed", { call: told.call, error: told.errno.name ?? told.errno.number })],
  closed: () => ["ours", "close", t("step_closed")],
  noted: (told) => (told.note === "meaning" ? ["ours", told.application, told.says] : null),
  unshown: (told) => ["ours", count(told.events), t("step_missing")],
};
