// The page's words in English and Spanish, and figures as each language writes them.

const tables = await (await fetch("/page/strings.json")).json();
const asked = remembered("language") ?? navigator.languages.map((tag) => tag.slice(0, 2)).find((code) => code in tables);
let language = asked in tables ? asked : "en";
const listeners = [];

/** `en` or `es`. */
export const spoken = () => language;

/** The text of a key, its places filled; `{count:line|lines}` is the first of the two where the count is one. */
export function t(key, places = {}) {
  return tables[language][key].replace(/\{(\w+)(?::(.*?)\|(.*?))?\}/g, (whole, name, one, several) => {
    if (!(name in places)) return whole;
    const value = String(places[name]);
    if (one === undefined) return value;
    return value === "1" ? one : several;
  });
}

/** Runs now, and again when another language is chosen. */
export function inEachLanguage(run) {
  listeners.push(run);
  run();
}

/** Speaks another language from here on, and remembers it. */
export function speak(code) {
  language = code;
  remember("language", code);
  listeners.forEach((run) => run());
}

/** Fills what stands in the page itself. */
export function fillPage() {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-t-label]")) node.setAttribute("aria-label", t(node.dataset.tLabel));
  for (const node of document.querySelectorAll("[data-t-placeholder]")) node.placeholder = t(node.dataset.tPlaceholder);
}

export const count = (number) => new Intl.NumberFormat(language, { useGrouping: "min2" }).format(number);
export const bytes = (number) => `${count(number)} B`;

/** Nanoseconds since the server's start as seconds with three decimals. */
export function seconds(nanos) {
  const text = (nanos / 1e9).toFixed(3);
  return language === "es" ? text.replace(".", ",") : text;
}

/** How long something has been there. */
export function age(nanos) {
  const whole = Math.max(0, Math.floor(nanos / 1e9));
  if (whole < 120) return t("second", { count: whole });
  if (whole < 7200) return t("minute", { count: Math.floor(whole / 60) });
  if (whole < 172800) return t("hour", { count: Math.floor(whole / 3600) });
  return t("day", { count: Math.floor(whole / 86400) });
}

/** An element with a class and a text. Whatever the text is, it stays a text. */
export function element(name, kind = "", text = "") {
  const node = document.createElement(name);
  if (kind) node.className = kind;
  if (text !== "") node.textContent = text;
  return node;
}

/** What was kept under this name on an earlier visit; a browser may keep nothing. */
export function remembered(name) {
  try {
    return localStorage.getItem(`sockeye-${name}`);
  } catch {
    return null;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`sockeye-${name}`, value);
  } catch {
    // Then it is asked again.
  }
}

/** Appends to a list that scrolls: it stays at its end if it was there, and forgets its beginning beyond `most`. */
export function append(list, node, most) {
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.append(node);
  while (list.childElementCount > most) list.firstElementChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
}
