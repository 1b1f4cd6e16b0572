/** Drawings on canvases: painting strokes, and a pad that a mouse, a finger or a pen draws on. */

import { fitted } from "./strokes.js";

const LINE = 0.007; // of the sheet's side
const NEAR = 0.004; // points closer than this to the last one are not taken

/** The colours of the theme, as the style sheet has them. */
export function inks() {
  const style = getComputedStyle(document.documentElement);
  return { you: style.getPropertyValue("--ink").trim(), model: style.getPropertyValue("--accent").trim() };
}

/** Make the canvas as fine as the screen; returns its side in pixels. */
function prepare(canvas) {
  const side = Math.max(1, Math.round(canvas.clientWidth * (window.devicePixelRatio || 1)));
  if (canvas.width !== side || canvas.height !== side) [canvas.width, canvas.height] = [side, side];
  return side;
}

/** Paint strokes on the sheet `[0, 1]^2`; `colours` by author. */
export function paintStrokes(context, side, strokes, colours, line = LINE) {
  context.lineWidth = Math.max(1.5, line * side);
  context.lineCap = context.lineJoin = "round";
  for (const { by, points } of strokes) {
    context.strokeStyle = colours[by];
    context.beginPath();
    points.forEach(([x, y], k) => (k ? context.lineTo(x * side, y * side) : context.moveTo(x * side, y * side)));
    if (points.length === 1) context.lineTo(points[0][0] * side, points[0][1] * side + 0.01);
    context.stroke();
  }
}

/** Paint strokes on an empty canvas; `fit` centres them. */
export function paint(canvas, strokes, { fit = false, line = fit ? 0.014 : LINE } = {}) {
  const [side, context] = [prepare(canvas), canvas.getContext("2d")];
  context.clearRect(0, 0, side, side);
  paintStrokes(context, side, fit ? fitted(strokes) : strokes, inks(), line);
}

/**
 * A canvas to draw on. Calls `onBegin()` when the pen comes down and `onStroke(points)` when it is lifted. What
 * is painted beside the line under the pen is `strokes`.
 */
export class Pad {
  #canvas;
  #points = null;
  #pointer = null;
  strokes = [];

  constructor(canvas, { onBegin, onStroke }) {
    this.#canvas = canvas;
    canvas.addEventListener("pointerdown", (event) => {
      if (this.#pointer !== null || event.button !== 0) return;
      this.#pointer = event.pointerId;
      canvas.setPointerCapture(event.pointerId);
      this.#points = [this.#place(event)];
      onBegin();
      this.paint();
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId !== this.#pointer) return;
      const events = event.getCoalescedEvents?.() ?? [];
      for (const each of events.length ? events : [event]) this.#add(this.#place(each));
      this.paint();
    });
    const end = (event) => {
      if (event.pointerId !== this.#pointer) return;
      const points = this.#points;
      [this.#pointer, this.#points] = [null, null];
      onStroke(points);
    };
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
  }

  /** Whether the pen is down. */
  get isDrawing() {
    return this.#points !== null;
  }

  #place(event) {
    const box = this.#canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  #add(point) {
    const last = this.#points[this.#points.length - 1];
    if (Math.hypot(point[0] - last[0], point[1] - last[1]) >= NEAR) this.#points.push(point);
  }

  paint() {
    paint(this.#canvas, this.#points ? [...this.strokes, { by: "you", points: this.#points }] : this.strokes);
  }
}
