// The ladder: a row for each frame, newest last. It keeps the newest KEPT rows, and never more to do than
// what one picture of the screen can show.

import { Follower } from "./follow.js";

const KEPT = 500;
const SVG = "http://www.w3.org/2000/svg";

export class Ladder {
  constructor(list, foot) {
    this.list = list;
    this.foot = foot;
    this.newest = new Follower(list);
    this.waiting = [];
    this.skipped = 0;
    this.total = 0;
    this.lost = 0;
    this.paused = false;
    this.drawing = false;
  }

  // Rows as arrays: number, time, whether to the board, kind, label, text, bytes. `lost` came before them.
  add(rows, lost) {
    if (lost) {
      this.lost += lost;
      this.waiting.push({ note: `${lost} frames are not shown: there were too many to keep up with` });
    }
    this.total += rows.filter((row) => row[3] !== "mark").length + lost;
    this.waiting.push(...rows);
    if (this.waiting.length > KEPT) {
      this.skipped += this.waiting.length - KEPT;
      this.waiting.splice(0, this.waiting.length - KEPT);
    }
    this.later();
  }

  pause(on) {
    this.paused = on;
    this.later();
  }

  clear() {
    this.waiting = [];
    this.list.replaceChildren();
    this.later();
  }

  later() {
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      this.draw();
    });
  }

  draw() {
    const list = this.list;
    if (!this.paused && this.waiting.length) {
      list.append(...this.waiting.map((row) => (row.note ? gap(row.note) : row[3] === "mark" ? gap(row[5]) : frame(row))));
      this.waiting = [];
      while (list.childElementCount > KEPT) list.firstElementChild.remove();
      this.newest.changed();
    }
    const words = [`${this.total} frames since this page was opened`];
    if (this.lost) words.push(`${this.lost} of them lost to the page`);
    if (this.total > KEPT) words.push(`the newest ${KEPT} are kept`);
    if (this.paused) words.push(`paused, ${this.waiting.length} new`);
    this.foot.textContent = words.join(", ");
  }
}

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function gap(text) {
  return element("li", "gap", text);
}

function frame([number, time, toBoard, kind, label, text, size]) {
  const row = element("li", kind);
  row.title = `frame ${number}, ${time.toFixed(6)} s, ${size} bytes: ${label}\n${text}`;
  const lane = element("span", "lane");
  lane.append(arrow(toBoard), element("span", "", `${label}`));
  const direction = element("span", "unseen", toBoard ? "to the board: " : "from the board: ");
  row.append(element("span", "no", number), element("span", "at", time.toFixed(6)), direction, lane);
  row.append(element("span", "text", text));
  return row;
}

function arrow(toBoard) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 220 20");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "line");
  const [tail, neck, tip] = toBoard ? [0, 211, 220] : [220, 9, 0];
  for (const [name, value] of [["x1", tail], ["y1", 10], ["x2", neck], ["y2", 10]]) line.setAttribute(name, value);
  const head = document.createElementNS(SVG, "polygon");
  head.setAttribute("points", `${tip},10 ${neck},5.5 ${neck},14.5`);
  svg.append(line, head);
  return svg;
}
