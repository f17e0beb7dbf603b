// The web console: one WebSocket to the bench, by which commands go and everything else comes.

import { Follower } from "./follow.js";
import { Ladder } from "./ladder.js";
import { showState } from "./state.js";

const LOG_LINES = 500;
const UART_CHARACTERS = 65536;
const AGAIN = 2000; // milliseconds until the next attempt to reach the bench

const byId = (id) => document.getElementById(id);
const ladder = new Ladder(byId("rows"), byId("ladder-foot"));
const newest = { log: new Follower(byId("log")), console: new Follower(byId("console")) };
let bench = null;
let over = false; // the bench has said that it ends

// -- what comes from the bench ------------------------------------------------------------------------------

const handlers = {
  about: showAbout,
  reset: boardWasReset,
  rows: (rows, message) => ladder.add(rows, message.rows_lost ?? 0),
  uart: (text, message) => printed(text, message.uart_lost ?? 0),
  client: showClient,
  log: (lines, message) => {
    if (message.log_lost) log("note", `${message.log_lost} lines are not shown`);
    for (const [what, text] of lines) log(what, text);
  },
  state: (state) => {
    showState(state);
    if (state.traceback) pill("link", "waiting", "a Python traceback is on the UART");
    else if (!over) pill("link", "good", "running");
  },
  crash: (report) => ended("bad", "board crashed", "The board crashed, and the bench has ended", report),
  ended: () => ended("bad", "bench ended", "The bench has ended", "Start it again with: bench serve"),
};

function open() {
  const socket = new WebSocket(`ws://${location.host}/live`);
  socket.onopen = () => {
    bench = socket;
    over = false;
    byId("reset").disabled = false;
    notice("");
    ladder.clear();
    byId("console").textContent = "";
    showClient({ phase: "closed", protocol: "", sent: 0, received: 0 });
  };
  socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    for (const [name, handle] of Object.entries(handlers)) {
      if (name in message) handle(message[name], message);
    }
    if (!("rows" in message) && message.rows_lost) ladder.add([], message.rows_lost);
  };
  socket.onclose = () => {
    bench = null;
    byId("reset").disabled = true;
    showClient({ phase: "closed", protocol: "" });
    if (!over) pill("link", "bad", "no connection to the bench");
    setTimeout(open, AGAIN);
  };
}

function ended(style, words, title, text) {
  over = true;
  pill("link", style, words);
  notice(title, text);
}

function boardWasReset() {
  byId("console").textContent = "";
  pill("link", "waiting", "booting");
}

function showAbout(about) {
  const pace = about.fast ? "as fast as it can" : "in real time";
  byId("pace").textContent = about.fast ? "runs ahead when busy" : "kept with the clock";
  byId("about").textContent = `${about.firmware} at ${about.address}, ${pace} · ${about.engine} · seed ${about.seed}`;
  document.title = `Live board ${about.address}`;
  const make = (name, properties) => Object.assign(document.createElement(name), properties);
  byId("ports").replaceChildren(...about.ports.map(([port, what]) => make("option", { value: port, label: what })));
  byId("port-list").replaceChildren(
    ...about.ports.map(([port, what, url]) => {
      const item = make("li", { textContent: [port, what].filter(Boolean).join(" ") });
      if (url) item.append(" ", make("code", { textContent: url }));
      return item;
    }),
  );
}

function showClient(client) {
  const styles = { closed: "", connecting: "waiting", open: "good", closing: "waiting" };
  const protocol = client.protocol ? `, ${client.protocol}` : "";
  pill("phase", styles[client.phase], client.phase + protocol);
  if (client.sent !== undefined) {
    byId("sent").textContent = client.sent;
    byId("received").textContent = client.received;
  }
}

function log(what, text) {
  const list = byId("log");
  list.append(Object.assign(document.createElement("li"), { className: what, textContent: text }));
  while (list.childElementCount > LOG_LINES) list.firstElementChild.remove();
  newest.log.changed();
}

function printed(text, lost) {
  const shown = byId("console");
  const note = lost ? `\n[${lost} characters are not shown]\n` : "";
  shown.textContent = (shown.textContent + note + text).slice(-UART_CHARACTERS);
  newest.console.changed();
}

function pill(id, style, words) {
  const shown = byId(id);
  if (shown.textContent !== words) shown.textContent = words;
  shown.className = `pill ${style}`;
}

function notice(title, text = "") {
  byId("notice").hidden = !title;
  byId("notice-title").textContent = title;
  byId("notice-text").textContent = text;
}

// -- what goes to the bench ---------------------------------------------------------------------------------

function ask(command) {
  if (bench === null) log("error", "there is no connection to the bench");
  else bench.send(JSON.stringify(command));
}

function onSubmit(id, action) {
  byId(id).addEventListener("submit", (event) => {
    event.preventDefault();
    action();
  });
}

function onClick(id, action) {
  byId(id).addEventListener("click", action);
}

function masking() {
  return { masking: byId("masking").value, key: byId("key").value };
}

onSubmit("connect", () => {
  const protocols = byId("protocols").value.split(/[\s,]+/).filter(Boolean);
  ask({ do: "connect", port: byId("port").valueAsNumber, path: byId("path").value, protocols });
});

onSubmit("send", () => {
  const [opcode, data, times] = [byId("opcode").value, byId("payload").value, byId("times").valueAsNumber];
  ask({ do: "send", opcode, data, times, ...masking() });
  byId("payload").select();
});

onSubmit("close", () => {
  const code = byId("code").value === "" ? null : byId("code").valueAsNumber;
  ask({ do: "close", code, reason: byId("reason").value, ...masking() });
});

onSubmit("type", () => {
  ask({ do: "uart", data: byId("line").value, end: "\r" });
  byId("line").value = "";
});

onClick("abort", () => ask({ do: "abort" }));
onClick("interrupt", () => ask({ do: "uart", data: "\u0003", end: "" }));
onClick("reset", () => ask({ do: "reset" }));
onClick("clear", () => ladder.clear());

onClick("pause", () => {
  const button = byId("pause");
  const paused = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", paused);
  button.textContent = paused ? "Go on" : "Pause";
  ladder.pause(paused);
});

byId("acks").addEventListener("change", (event) => {
  byId("rows").classList.toggle("no-acks", !event.target.checked);
  ladder.newest.changed();
});

function adaptSendForm() {
  const opcode = byId("opcode").value;
  byId("payload-label").textContent = opcode === "binary" ? "Bytes, hexadecimal" : opcode === "text" ? "Text" : "Payload (text)";
  byId("key").disabled = byId("masking").value !== "key";
  const hints = [];
  if (byId("masking").value === "none") hints.push("A server has to close the connection: RFC 6455, section 5.1.");
  if (opcode === "text" && byId("times").valueAsNumber > 1) hints.push("{n} stands for the number of the message.");
  byId("send-hint").textContent = hints.join(" ");
}

for (const id of ["opcode", "masking", "times"]) byId(id).addEventListener("input", adaptSendForm);
byId("opcode").addEventListener("change", () => {
  if (byId("opcode").value === "binary" && !/^[0-9a-fA-F\s:]*$/.test(byId("payload").value)) byId("payload").value = "00 ff 7e";
});

adaptSendForm();
open();
