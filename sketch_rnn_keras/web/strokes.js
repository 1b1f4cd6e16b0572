/**
 * Drawings: what a person or a model has drawn, and the stroke-3 rows that the engine takes.
 *
 * A drawing is a list of strokes `{by: "you" | "model", points: [[x, y], ...]}` on a sheet of side 1, y downwards; it is
 * never changed, only replaced. Models have units of their own: `Scale` leads there and back.
 */

const SHEET = 1.6; // side of the sheet, in sizes of what a model draws
const EPSILON = 2 / 256 / SHEET; // Quick, Draw!'s simplification, on the sheet

/** Distance of `p` from the segment between `a` and `b`. */
function distance(p, a, b) {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / length;
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(p[0] - a[0] - t * dx, p[1] - a[1] - t * dy);
}

/** Ramer, Douglas and Peucker: the fewest of the points that keep the line within `epsilon`. */
function simplify(points, epsilon = EPSILON) {
  if (points.length < 3) return points;
  const [first, last] = [points[0], points[points.length - 1]];
  let [farthest, most] = [0, epsilon];
  for (let k = 1; k < points.length - 1; k++) {
    const apart = distance(points[k], first, last);
    if (apart > most) [farthest, most] = [k, apart];
  }
  if (!farthest) return [first, last];
  const before = simplify(points.slice(0, farthest + 1), epsilon);
  return [...before.slice(0, -1), ...simplify(points.slice(farthest), epsilon)];
}

/** `{x, y, width, height}` of strokes; of none, an empty box in the middle of the sheet. */
export function boundsOf(strokes) {
  const points = strokes.flatMap((stroke) => stroke.points);
  if (points.length === 0) return { x: 0.5, y: 0.5, width: 0, height: 0 };
  const [xs, ys] = [points.map((p) => p[0]), points.map((p) => p[1])];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}

/** A map of points that brings the strokes into the middle of the sheet, enlarged by what `scale(size)` says. */
function centring(strokes, scale) {
  const box = boundsOf(strokes);
  const factor = scale(Math.max(box.width, box.height) || 1);
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  return (p) => [0.5 + (p[0] - x) * factor, 0.5 + (p[1] - y) * factor];
}

const moved = (strokes, move) => strokes.map((stroke) => ({ ...stroke, points: stroke.points.map(move) }));

/** Strokes moved and scaled into the middle of the sheet, which they fill but for a margin. */
export function fitted(strokes, margin = 0.1) {
  return moved(strokes, centring(strokes, (size) => (1 - 2 * margin) / size));
}

/** Strokes moved into the middle of the sheet, and made smaller where they would not fit; `whole` says how. */
export function centred(strokes, whole = strokes) {
  return moved(strokes, centring(whole, (size) => Math.min(1, 0.9 / size)));
}

/** Strokes as they are where `whole` lies on the sheet, otherwise moved and made smaller so that all of it does. */
export function onSheet(strokes, whole = strokes) {
  const { x, y, width, height } = boundsOf(whole);
  const isOn = x >= 0 && y >= 0 && x + width <= 1 && y + height <= 1;
  return isOn ? strokes : centred(strokes, whole);
}

/** From the sheet to a model's data units and back. */
export class Scale {
  /** @param {{extent: number, first: string}} document the model's; see `weights.py` */
  constructor({ extent, first }) {
    this.unit = SHEET * extent;
    this.first = first;
  }

  /**
   * @param {Object[]} strokes at least one
   * @returns {{rows: number[][], end: number[]}} stroke-3 in data units, and where on the sheet the pen is afterwards
   */
  toRows(strokes) {
    const box = boundsOf(strokes);
    const start = strokes[0].points[0];
    let [x, y] = this.first === "corner" ? [box.x, box.y] : start;
    const rows = [];
    for (const { by, points: all } of strokes) {
      const points = by === "you" ? simplify(all) : all; // a model's are simple already
      points.forEach(([toX, toY], k) => {
        rows.push([(toX - x) * this.unit, (toY - y) * this.unit, k === points.length - 1 ? 1 : 0]);
        [x, y] = [toX, toY];
      });
    }
    if (this.first === "offset" && rows.length > 1 && rows[0][2] === 0) rows.shift();
    return { rows, end: [x, y] };
  }

  /** Rows that a model drew, as strokes on the sheet; the pen begins at `from`. */
  toStrokes(rows, from, by = "model") {
    const strokes = [];
    let [[x, y], isDown] = [from, false];
    for (const [dx, dy, lift] of rows) {
      [x, y] = [x + dx / this.unit, y + dy / this.unit];
      if (!isDown) strokes.push({ by, points: [] });
      strokes[strokes.length - 1].points.push([x, y]);
      isDown = !lift;
    }
    return strokes;
  }
}
