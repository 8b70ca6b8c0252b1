// The table of sockets: what each is, in which state, and what it moved.

import { age, bytes, count, element, inEachLanguage, t } from "./words.js";

/** Rows that are shown at most, and how long one that has ended stays. */
const MOST = 200;
const STAYS = 20_000;

const body = document.getElementById("rows");
const showOwn = document.getElementById("own");
const spokenStatus = document.getElementById("spoken");
const rows = new Map();
const lines = new Map();
let more = 0;
let chosen = null;
let byHand = false;
let spokenAt = -Infinity;
let drawn = false;
let choose = () => {};
let now = () => 0;

/** `onChoose` is called with the number of the socket that is to be looked at; `clock` gives the server's time. */
export function sockets(onChoose, clock) {
  choose = onChoose;
  now = clock;
  showOwn.addEventListener("change", draw);
  inEachLanguage(draw);
  setInterval(() => {
    for (const [id, row] of rows) {
      if (row.gone && performance.now() - row.gone > STAYS) rows.delete(id);
    }
    draw();
  }, 1000);
}

export const rowOf = (id) => rows.get(id);

/** All sockets anew. */
export function reset(all, unlisted) {
  rows.clear();
  chosen = byHand ? chosen : null;
  for (const row of all) rows.set(row.socket, row);
  more = unlisted;
  follow();
  drawSoon();
}

/** Rows that have changed. */
export function update(changed, unlisted) {
  more = unlisted;
  for (const row of changed) {
    const before = rows.get(row.socket);
    if (row.closed !== undefined) row.gone = performance.now();
    row.fresh = !before;
    rows.set(row.socket, row);
    if (isShown(row)) announce(row, before);
  }
  follow();
  drawSoon();
}

const isShown = (row) => showOwn.checked || row.page !== "own";

/** Says what comes and goes to who can't see it; not more than one can listen to. */
function announce(row, before) {
  const came = row.peer && !before?.peer;
  if ((!came && row.closed === undefined) || performance.now() - spokenAt < 2500) return;
  spokenAt = performance.now();
  const places = { number: row.socket, service: name(row), peer: row.peer ?? "" };
  spokenStatus.textContent = t(row.closed === undefined ? "spoken_open" : "spoken_closed", places);
}

/** Until somebody chooses, the newest conversation is looked at until there is another; a page's chat only where there is none. */
function follow() {
  const current = rows.get(chosen);
  if (byHand || (current && current.closed === undefined && current.page === undefined)) return;
  const candidates = [...rows.values()].filter((row) => row.page !== "own" && row.peer && row.closed === undefined);
  const best = candidates.findLast((row) => row.page === undefined) ?? current ?? candidates.at(-1);
  if (best && best.socket !== chosen) pick(best.socket);
}

function pick(id) {
  chosen = id;
  choose(id);
  drawSoon();
}

function drawSoon() {
  if (drawn) return;
  drawn = true;
  requestAnimationFrame(draw);
}

function draw() {
  drawn = false;
  const shown = [...rows.values()].filter(isShown);
  const listed = new Set(shown.slice(-MOST).map((row) => row.socket));
  for (const [id, line] of lines) {
    if (!listed.has(id)) {
      line.remove();
      lines.delete(id);
    }
  }
  for (const row of shown.slice(-MOST)) {
    let line = lines.get(row.socket);
    if (!line) {
      line = make(row);
      lines.set(row.socket, line);
      place(line, row);
    }
    fill(line, row);
  }
  const hiddenOnes = more + Math.max(0, shown.length - MOST);
  const note = shown.length === 0 ? t("no_rows") : hiddenOnes > 0 ? t("more_rows", { count: count(hiddenOnes) }) : "";
  document.getElementById("rows-note").textContent = note;
}

function make(row) {
  const line = element("tr", row.fresh ? "fresh" : "");
  line.dataset.socket = row.socket;
  line.setAttribute("role", "row");
  const first = element("td");
  const button = element("button", "pick", `#${row.socket}`);
  button.type = "button";
  button.addEventListener("click", () => {
    byHand = true;
    pick(row.socket);
  });
  first.append(button, element("span", "service"), element("span", "layer"));
  const state = element("td");
  state.append(element("span", "state"));
  const here = element("td");
  here.append(element("span", "address"));
  const peer = element("td");
  peer.append(element("span", "address"));
  line.append(first, state, here, peer, element("td", "number"), element("td", "number"), element("td", "number"));
  for (const cell of line.children) cell.setAttribute("role", "cell");
  return line;
}

/** Those that wait for somebody stand above, the newest conversation first below them. A line never moves: it may have the focus. */
function place(line, row) {
  const isConversation = row.peer !== undefined || row.parent !== undefined;
  line.dataset.group = isConversation ? "b" : "a";
  body.insertBefore(line, body.querySelector('[data-group="b"]'));
}

function fill(line, row) {
  line.classList.toggle("chosen", row.socket === chosen);
  line.classList.toggle("gone", row.closed !== undefined);
  const [first, state, here, peer, sent, received, time] = line.children;
  first.firstChild.setAttribute("aria-pressed", String(row.socket === chosen));
  set(first.children[1], name(row));
  set(first.children[2], row.layers.join(", "));
  state.firstChild.className = `state ${row.state}`;
  set(state.firstChild, t(row.state === "connecting" ? "state_connecting" : row.state));
  set(here.firstChild, row.local ?? "");
  set(peer.firstChild, row.peer ?? "");
  set(sent, bytes(row.sent));
  set(received, bytes(row.received));
  ["here", "peer", "sent", "received", "age"].forEach((key, index) => {
    line.children[index + 2].dataset.label = t(key);
  });
  set(time, age((row.closed ?? now()) - row.opened));
}

function set(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** What a socket is, in a word or two. */
export const name = (row) => (row.service ? `${row.service} ${row.what}` : row.what);
