// The tiles: how the board is.

const byId = (id) => document.getElementById(id);
const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

function clock(seconds) {
  const whole = Math.floor(seconds);
  const hours = Math.floor(whole / 3600);
  const rest = `${String(Math.floor(whole / 60) % 60).padStart(hours ? 2 : 1, "0")}:${String(whole % 60).padStart(2, "0")}`;
  const tenth = Math.floor(seconds * 10) % 10;
  return `${hours ? `${hours}:` : ""}${rest}.${tenth}`;
}

function kib(bytes) {
  return (bytes / 1024).toFixed(1);
}

export function showState(state) {
  byId("time").textContent = clock(state.time);
  byId("ratio").textContent = state.ratio === null ? "–" : `× ${state.ratio.toFixed(2)}`;
  byId("load").textContent = state.load === null ? "–" : `${(state.load * 100).toFixed(state.load < 0.1 ? 1 : 0)} %`;
  byId("load-bar").style.width = `${(state.load ?? 0) * 100}%`;
  byId("instructions").textContent = state.instructions === null ? "–" : short(state.instructions);
  byId("instructions-all").textContent = state.instructions === null ? "not counted" : grouped.format(state.instructions);
  const heap = state.heap;
  byId("heap").textContent = heap ? `${kib(heap.free)} KiB free` : "–";
  byId("heap-about").textContent = heap ? `lowest ${kib(heap.low)} of ${kib(heap.size)} KiB` : "no MicroPython, or booting";
  byId("heap-bar").style.width = heap ? `${(1 - heap.free / heap.size) * 100}%` : "0";
  const low = byId("heap-low");
  low.hidden = !heap;
  if (heap) low.style.left = `calc(${(1 - heap.low / heap.size) * 100}% - 2px)`;
  byId("connections").textContent = state.connections.length;
  byId("connection-list").replaceChildren(
    ...state.connections.map((text) => Object.assign(document.createElement("li"), { textContent: text })),
  );
}

function short(count) {
  for (const [unit, name] of [[1e12, " T"], [1e9, " G"], [1e6, " M"], [1e3, " k"]]) {
    if (count >= unit) return (count / unit).toPrecision(4) + name;
  }
  return String(count);
}
