// The chat: one WebSocket to this server, JSON objects both ways (docs/chat.md).

import { append, count, element, inEachLanguage, remember, remembered, spoken, t } from "./words.js";

const MOST = 500;
const find = (id) => document.getElementById(id);
const talk = find("talk");
const fields = [...document.querySelectorAll("#chat input, #chat button")];
const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/chat`;
let socket = null;
let pause = 500;
let own = "";
let room = "";
let others = [];
let more = 0;

export function chat() {
  find("terminal").textContent = `sockeye connect ${url}`;
  find("say").addEventListener("submit", (event) => {
    event.preventDefault();
    const field = find("text");
    if (field.value.trim() !== "" && ask({ type: "message", text: field.value })) field.value = "";
  });
  find("rename").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = find("name").value.trim();
    if (name !== "") ask({ type: "name", name });
  });
  find("join").addEventListener("submit", (event) => {
    event.preventDefault();
    const into = find("into").value.trim();
    if (into !== "") ask({ type: "join", room: into });
  });
  inEachLanguage(() => {
    people();
    for (const item of talk.querySelectorAll(".told")) item.textContent = item.say();
  });
  open();
}

function open() {
  socket = new WebSocket(url, "sockeye-chat-json");
  socket.addEventListener("open", () => {
    pause = 500;
    enable(true);
    const name = remembered("name");
    if (name) ask({ type: "name", name });
    if (room) ask({ type: "join", room });
  });
  socket.addEventListener("message", (event) => {
    let told;
    try {
      told = JSON.parse(event.data);
    } catch {
      return;
    }
    hear[told.type]?.(told);
  });
  socket.addEventListener("close", () => {
    if (!find("text").disabled) note(() => t("chat_away"), "wrong");
    enable(false);
    setTimeout(open, pause);
    pause = Math.min(pause * 2, 10_000);
  });
}

function ask(what) {
  if (socket?.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify(what));
  return true;
}

function enable(on) {
  for (const field of fields) field.disabled = !on;
}

// What the server tells, by its type; what is not known here is passed over.
const hear = {
  entered(told) {
    own = told.name;
    room = told.room;
    others = told.who ?? [];
    more = told.more ?? 0;
    find("name").value = own;
    find("into").value = room;
    people();
  },
  history(told) {
    for (const message of told.messages ?? []) say(message);
  },
  message: say,
  private(told) {
    const mine = told.from === own;
    say({ ...told, to: mine ? t("private_to", { name: told.to }) : t("private_from") });
  },
  joined(told) {
    if (told.name === own) return;
    others = [...others.filter((name) => name !== told.name), told.name];
    note(() => t("joined", { name: told.name }));
    people();
  },
  left(told) {
    others = others.filter((name) => name !== told.name);
    note(() => t("left", { name: told.name }));
    people();
  },
  renamed(told) {
    if (told.was === own) {
      own = told.name;
      find("name").value = own;
      remember("name", own);
    } else {
      others = others.map((name) => (name === told.was ? told.name : name));
    }
    note(() => t("renamed", { was: told.was, name: told.name }));
    people();
  },
  who(told) {
    if (told.room !== room) return;
    others = (told.names ?? []).filter((name) => name !== own);
    more = told.more ?? 0;
    people();
  },
  rooms(told) {
    const names = (told.rooms ?? []).map((one) => t("room_of", { name: one.name, count: one.members }));
    note(() => t("rooms", { names: names.join(", ") }));
  },
  missed: (told) => note(() => t("missed_chat", { count: count(told.messages) }), "wrong"),
  help: (told) => note(() => told.text),
  error: (told) => note(() => told.text, "wrong"),
  goodbye: (told) => note(() => told.text),
};

function say(message) {
  const line = element("li", message.to ? "private" : "");
  if (message.from === own) line.classList.add("mine");
  line.append(element("span", "who", message.from), ": ", element("span", "", message.text));
  const when = new Date(message.at);
  if (!Number.isNaN(when.getTime())) {
    const time = element("time", "", when.toLocaleTimeString(spoken(), { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }));
    time.dateTime = when.toISOString();
    line.append(time);
  }
  if (message.to) line.append(element("time", "", message.to));
  append(talk, line, MOST);
}

/** A line of the chat's own; `say` gives it in the language of the moment. */
function note(say, kind = "") {
  const item = element("li", `told ${kind}`, say());
  item.say = say;
  append(talk, item, MOST);
}

function people() {
  find("room").textContent = own ? t("in_room", { name: own, room }) : "";
  let names = others.join(", ");
  if (more > 0) names = t("and_more", { names, more: count(more) });
  find("people").textContent = own ? (others.length > 0 ? t("with", { names }) : t("alone")) : "";
}
