/** Drawings as files: SVG, animated SVG, PNG, and lines of Quick, Draw!'s ndjson, which `sketch-rnn convert` reads. */

import { paintStrokes } from "./canvas.js";
import { fitted } from "./strokes.js";

const SIDE = 512; // of a picture
const MARGIN = 0.06;
const SECONDS = 4; // of one round of a moving picture, for the last quarter of which the drawing stands

const escaped = (text) => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
const place = (value) => (value * SIDE).toFixed(1);
const COLOURS = { you: "#1b1b1f", model: "#c2410c" }; // on paper, whatever the theme

function pathOf(points) {
  const all = points.length === 1 ? [points[0], points[0]] : points;
  return `M${all.map(([x, y]) => `${place(x)} ${place(y)}`).join("L")}`;
}

function svgOf(strokes, title, inside) {
  const paths = fitted(strokes, MARGIN).map((stroke, k) => {
    const head = `<path d="${pathOf(stroke.points)}" stroke="${COLOURS[stroke.by]}"`;
    return inside ? `${head}${inside(stroke, k)}</path>` : `${head}/>`;
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIDE} ${SIDE}" width="${SIDE}" height="${SIDE}">` +
    `<title>${escaped(title)}</title>` +
    `<g fill="none" stroke-width="4" stroke-linecap="round" stroke-linejoin="round">\n${paths.join("\n")}\n</g></svg>\n`
  );
}

/** The drawing as an SVG document. */
export function toSvg(strokes, title) {
  return svgOf(strokes, title, null);
}

/** The drawing as an SVG document that draws itself, over and over. */
export function toAnimatedSvg(strokes, title) {
  const lengths = strokes.map(({ points }) => 1e-3 + points.slice(1).reduce((sum, p, k) => sum + span(points[k], p), 0));
  const total = lengths.reduce((a, b) => a + b, 0);
  let drawn = 0;
  return svgOf(strokes, title, (_, k) => {
    const [begin, end] = [drawn, drawn + lengths[k]].map((length) => ((0.75 * length) / total).toFixed(4));
    drawn += lengths[k];
    return (
      ` pathLength="1" stroke-dasharray="1 1"><animate attributeName="stroke-dashoffset" values="1;1;0;0" ` +
      `keyTimes="0;${begin};${end};1" dur="${SECONDS}s" repeatCount="indefinite"/>` +
      `<animate attributeName="stroke-opacity" values="0;1;1" keyTimes="0;${begin};1" calcMode="discrete" ` +
      `dur="${SECONDS}s" repeatCount="indefinite"/>`
    );
  });
}

const span = (a, b) => Math.hypot(b[0] - a[0], b[1] - a[1]);

/** The drawing as a PNG picture on white. @returns {Promise<Blob>} */
export function toPng(strokes) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [2 * SIDE, 2 * SIDE];
  const context = canvas.getContext("2d");
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  paintStrokes(context, canvas.width, fitted(strokes, MARGIN), COLOURS);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

/** A line of Quick, Draw!'s simplified ndjson: aligned to the top left corner, 0 to 255. */
export function toNdjson(strokes, word) {
  const whole = fitted(strokes, 0);
  const points = whole.flatMap((stroke) => stroke.points);
  const corner = [0, 1].map((axis) => Math.min(...points.map((p) => p[axis])));
  const column = (stroke, axis) => stroke.points.map((p) => Math.round(255 * (p[axis] - corner[axis])));
  const drawing = whole.map((stroke) => [column(stroke, 0), column(stroke, 1)]);
  return `${JSON.stringify({ word, recognized: true, drawing })}\n`;
}

/** Let the browser save a file. */
export function save(name, content, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
