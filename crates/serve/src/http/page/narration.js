// The narration: the words of `--explain`, in the reader's language, each reason once a page.

import { append, count, element, inEachLanguage, spoken, t } from "./words.js";

/** Lines that are kept. */
const MOST = 500;

const list = document.getElementById("lines");
const only = document.getElementById("only");
const note = document.getElementById("lines-note");
let kept = [];
let said = new Set();
let chosen = null;
let leftOut = 0;
let missed = 0;

export function narration() {
  only.addEventListener("change", draw);
  inEachLanguage(draw);
}

export function forget() {
  kept = [];
  draw();
}

/** Only this socket's lines, where only one's are shown. */
export function chooses(id) {
  chosen = id;
  if (only.checked) draw();
}

/** A line in both languages. */
export function tell(both) {
  kept.push(both);
  if (kept.length > MOST) kept.shift();
  put(both);
}

/** So many things were not told: too fast for the server to tell, or for this page to hear. */
export function lacks(fast, slow) {
  leftOut += fast;
  missed += slow;
  notes();
}

function draw() {
  said = new Set();
  list.replaceChildren();
  kept.forEach(put);
  notes();
  list.scrollTop = list.scrollHeight;
}

function notes() {
  const all = [];
  if (leftOut > 0) all.push(t("left_out", { count: count(leftOut) }));
  if (missed > 0) all.push(t("missed", { count: count(missed) }));
  note.textContent = all.join(" ");
}

function put([english, spanish]) {
  const line = spoken() === "es" ? spanish : english;
  if (only.checked && chosen !== null && line.socket !== chosen) return;
  if (line.name === undefined) return;
  const item = element("li", [line.way, line.mark].filter(Boolean).join(" "));
  const sign = line.mark === "failure" ? "✗ " : line.mark === "loss" ? "! " : { out: "→ ", in: "← " }[line.way] ?? "";
  const why = (line.why ?? []).filter((reason) => !said.has(reason.name));
  for (const reason of why) said.add(reason.name);
  item.append(
    element("span", "at", line.time ?? ""),
    element("span", "id", line.socket === undefined ? "" : `#${line.socket}`),
    element("span", "call", sign + line.name),
    element("span", "fact", line.fact ?? ""),
    element("span", "why", why.map((reason) => reason.value).join("; ")),
  );
  append(list, item, MOST);
}
