// Puts the page together: the language, and what the server tells about its sockets.

import { fillPage, inEachLanguage, speak, spoken, t } from "./words.js";
import { chat } from "./chat.js";
import * as table from "./sockets.js";
import * as picture from "./diagram.js";
import * as told from "./narration.js";

const find = (id) => document.getElementById(id);

// The server's clock: its last word, and how long ago that was here.
let heard = { at: 0, here: performance.now() };
const now = () => heard.at + (performance.now() - heard.here) * 1e6;
const set = (at) => { heard = { at, here: performance.now() }; };

let link = "connecting";
function linked(state) {
  link = state;
  find("link").classList.toggle("live", state === "live");
  find("link").firstElementChild.textContent = t(state);
}

inEachLanguage(() => {
  fillPage();
  linked(link);
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === spoken()));
  }
});
for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => speak(button.dataset.language));
}

const site = await (await fetch("/page/site.json")).json();
find("folder").hidden = !site.folder;
if (site.chat) chat();
else {
  find("chat").hidden = true;
  document.querySelector("main").classList.add("chatless");
}

table.sockets((id) => {
  picture.draws(id);
  told.chooses(id);
}, now);
picture.diagram();
told.narration();

function listen() {
  const source = new EventSource("/events");
  const on = (name, act) => source.addEventListener(name, (event) => act(JSON.parse(event.data)));
  on("hello", (hello) => {
    set(hello.now);
    find("version").textContent = `sockeye ${hello.version}`;
    table.reset(hello.rows, hello.more);
    linked("live");
  });
  on("past", (past) => {
    told.forget();
    picture.forget();
    past.lines.forEach(told.tell);
    past.events.forEach(picture.keep);
  });
  on("news", (news) => {
    set(news.now);
    table.update(news.rows, news.more);
    news.lines.forEach(told.tell);
    news.events.forEach(picture.keep);
    if (news.left_out > 0) told.lacks(news.left_out, 0);
  });
  on("missed", (missed) => told.lacks(0, missed.updates));
  source.addEventListener("error", () => {
    linked("lost");
    // A browser tries again by itself, unless the server answered with something else.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  });
}
listen();
