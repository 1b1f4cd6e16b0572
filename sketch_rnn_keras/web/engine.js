/**
 * Sketch-RNN in a browser: what `model/`, `sampling.py` and `latent.py` compute, in the same order, without dependencies.
 *
 * Enters: a model document (made by `weights.py`) and stroke-3 drawings in data units. Leaves: codes and drawn points.
 * It reads like the Python: `Lstm`, `LayerNormLstm`, `HyperLstm` are the cells, `fromRaw`, `temper`, `sample` and `greedy`
 * the mixture, `Model` is SketchRNN, `Drawing` the sampling loop. Numbers are held in float32; sums are formed in the
 * float64 of JavaScript. For the same model, seed and prefix it draws what Python draws, up to rounding.
 *
 * It is our own since no library does this: @magenta/sketch runs decoders alone, with LSTM cells, from 16-bit integers.
 *
 * Rows of a batch lie one after another in one Float32Array: `[B, n]` is `B * n` numbers.
 *
 * Sources: arXiv 1704.03477, sections 3.2 and 4; arXiv 1609.09106, appendix A.2 (HyperLSTM); arXiv 1609.04468 (slerp).
 */

import { SketchNoise, sketchCode } from "./random.js";

const FORGET_BIAS = 1;
const LAYER_NORM_EPSILON = 1e-3;
const START_TOKEN = [0, 0, 1, 0, 0];
const NEARLY_PARALLEL = 1e-4; // radians
const TEMPERATURE_LAWS = ["paper", "magenta"];

/** What the page says to its user as it is. */
export class ModelError extends Error {}

// ------------------------------------------------------------------------------------------------- products of matrices

/** `y += x W`: `x [B, n]` times the rows of `matrix` from `first` on, added to `y [B, columns]`. */
function addProduct(y, x, matrix, batch, first = 0) {
  const [w, columns, n] = [matrix.data, matrix.shape[1], x.length / batch];
  const eights = n - (n % 8);
  for (let k = 0; k < eights; k += 8) {
    for (let b = 0; b < batch; b++) addEightRows(y, b * columns, x, b * n + k, w, (first + k) * columns, columns);
  }
  for (let k = eights; k < n; k++) {
    for (let b = 0; b < batch; b++) addRow(y, b * columns, x[b * n + k], w, (first + k) * columns, columns);
  }
}

/** One pass over y for eight rows of w: three quarters of the time of two passes for four each. */
function addEightRows(y, out, x, at, w, start, columns) {
  const [x0, x1, x2, x3] = [x[at], x[at + 1], x[at + 2], x[at + 3]];
  const [x4, x5, x6, x7] = [x[at + 4], x[at + 5], x[at + 6], x[at + 7]];
  for (let j = 0; j < columns; j++) {
    const i = start + j;
    y[out + j] +=
      x0 * w[i] + x1 * w[i + columns] + x2 * w[i + 2 * columns] + x3 * w[i + 3 * columns] +
      x4 * w[i + 4 * columns] + x5 * w[i + 5 * columns] + x6 * w[i + 6 * columns] + x7 * w[i + 7 * columns];
  }
}

function addRow(y, out, factor, w, start, columns) {
  for (let j = 0; j < columns; j++) y[out + j] += factor * w[start + j];
}

/** `vector [n]` as each of the rows of `[B, n]`. */
function repeat(vector, batch) {
  const rows = new Float32Array(batch * vector.length);
  for (let b = 0; b < batch; b++) rows.set(vector, b * vector.length);
  return rows;
}

/** `x W + b`, `[B, outputs]`. */
function project(x, tensors, name, batch) {
  const y = repeat(tensors[`${name}.bias`].data, batch);
  addProduct(y, x, tensors[`${name}.kernel`], batch);
  return y;
}

// ------------------------------------------------------------------------------------------------------ gates.py

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/** `(x - mean) / sqrt(variance + 1e-3) * gamma + beta` over `size` numbers from `start` on, in place. */
function layerNorm(x, start, size, gamma, beta, from = 0) {
  let [mean, variance] = [0, 0];
  for (let k = 0; k < size; k++) mean += x[start + k];
  mean /= size;
  for (let k = 0; k < size; k++) variance += (x[start + k] - mean) ** 2;
  const reciprocal = 1 / Math.sqrt(variance / size + LAYER_NORM_EPSILON);
  for (let k = 0; k < size; k++) {
    x[start + k] = (x[start + k] - mean) * reciprocal * gamma[from + k] + beta[from + k];
  }
}

/**
 * One LSTM update of row `b`: c' = c sigmoid(f + 1) + sigmoid(i) tanh(j), h = tanh(c') sigmoid(o), in place.
 * With `norm`, layer norm falls on each gate and on c' before its tanh.
 */
function update(pre, c, h, b, units, norm) {
  const [gates, start] = [4 * b * units, b * units];
  if (norm) {
    for (let g = 0; g < 4; g++) {
      layerNorm(pre, gates + g * units, units, norm.gates_gamma, norm.gates_beta, g * units);
    }
  }
  const squashed = new Float32Array(units);
  for (let k = 0; k < units; k++) {
    const at = gates + k;
    const added = sigmoid(pre[at]) * Math.tanh(pre[at + units]);
    c[start + k] = c[start + k] * sigmoid(pre[at + 2 * units] + FORGET_BIAS) + added;
    squashed[k] = c[start + k];
  }
  if (norm) layerNorm(squashed, 0, units, norm.memory_gamma, norm.memory_beta);
  for (let k = 0; k < units; k++) h[start + k] = Math.tanh(squashed[k]) * sigmoid(pre[gates + 3 * units + k]);
}

/** The layer norms' vectors of the cell at `prefix`, by their names. */
function normOf(tensors, prefix) {
  const names = ["gates_gamma", "gates_beta", "memory_gamma", "memory_beta"];
  return Object.fromEntries(names.map((name) => [name, tensors[`${prefix}norm.${name}`].data]));
}

// ------------------------------------------------------------------------------------- lstm.py, hyper.py: the cells
//
// A cell has `stateSizes` (the parts of the original's packed state, in its order), `context(z, B)` (what is the same
// at every step) and `step(x, context, state, B)`, which changes the state. x is [B, 5].

const INPUTS = 5; // the width of a point; the rows of an input kernel after it read z

class LstmBase {
  constructor(tensors, name, norm) {
    this.input = tensors[`${name}.input_kernel`];
    this.recurrent = tensors[`${name}.recurrent_kernel`];
    this.bias = tensors[`${name}.bias`]?.data ?? new Float32Array(this.input.shape[1]);
    this.units = this.recurrent.shape[0];
    this.norm = norm;
  }

  context(z, batch) {
    const rows = repeat(this.bias, batch);
    if (z) addProduct(rows, z, this.input, batch, INPUTS);
    return rows;
  }

  step(x, context, state, batch) {
    const pre = context.slice();
    addProduct(pre, x, this.input, batch);
    addProduct(pre, state.h, this.recurrent, batch);
    for (let b = 0; b < batch; b++) update(pre, state.c, state.h, b, this.units, this.norm);
  }
}

class Lstm extends LstmBase {
  constructor(tensors, name) {
    super(tensors, name, null);
    this.stateSizes = { c: this.units, h: this.units };
  }
}

class LayerNormLstm extends LstmBase {
  constructor(tensors, name) {
    super(tensors, name, normOf(tensors, `${name}.`));
    this.stateSizes = { h: this.units, c: this.units };
  }
}

/** pre = scale_x (x W_xh) + scale_h (h W_hh) + shift + bias, scales and shift made by a smaller cell at every step. */
class HyperLstm {
  constructor(tensors, name) {
    this.input = tensors[`${name}.main.input_kernel`];
    this.recurrent = tensors[`${name}.main.recurrent_kernel`];
    this.bias = tensors[`${name}.bias`].data;
    this.norm = normOf(tensors, `${name}.main.`);
    this.hyperInput = tensors[`${name}.hyper.input_kernel`];
    this.hyperRecurrent = tensors[`${name}.hyper.recurrent_kernel`];
    this.hyperNorm = normOf(tensors, `${name}.hyper.`);
    this.down = tensors[`${name}.down`];
    this.offset = tensors[`${name}.offset`].data;
    this.up = ["scale_x", "scale_h", "shift"].map((part) => tensors[`${name}.up.${part}`]);
    this.units = this.recurrent.shape[0];
    this.hyperUnits = this.hyperRecurrent.shape[1] / 4;
    this.stateSizes = { h: this.units, hyperH: this.hyperUnits, c: this.units, hyperC: this.hyperUnits };
  }

  context(z, batch) {
    const rows = [this.input, this.hyperInput].map((kernel) => new Float32Array(batch * kernel.shape[1]));
    if (z) [this.input, this.hyperInput].forEach((kernel, k) => addProduct(rows[k], z, kernel, batch, INPUTS));
    return { main: rows[0], hyper: rows[1] };
  }

  step(x, context, state, batch) {
    const hyperPre = context.hyper.slice();
    addProduct(hyperPre, x, this.hyperInput, batch);
    addProduct(hyperPre, state.h, this.hyperRecurrent, batch); // the first H rows read h,
    addProduct(hyperPre, state.hyperH, this.hyperRecurrent, batch, this.units); // the others u
    for (let b = 0; b < batch; b++) update(hyperPre, state.hyperC, state.hyperH, b, this.hyperUnits, this.hyperNorm);
    const embeddings = repeat(this.offset, batch);
    addProduct(embeddings, state.hyperH, this.down, batch);
    const [scaleX, scaleH, shift] = this.up.map((up, part) => this.#expand(embeddings, up, part, batch));
    const fromX = context.main.slice();
    addProduct(fromX, x, this.input, batch);
    const pre = new Float32Array(fromX.length);
    addProduct(pre, state.h, this.recurrent, batch);
    for (let k = 0; k < pre.length; k++) {
      pre[k] = scaleX[k] * fromX[k] + scaleH[k] * pre[k] + shift[k] + this.bias[k % this.bias.length];
    }
    for (let b = 0; b < batch; b++) update(pre, state.c, state.h, b, this.units, this.norm);
  }

  /** The embeddings of one part (scale_x, scale_h or shift), `[B, 12 E]`, times its `up [4, E, H]`, gate by gate. */
  #expand(embeddings, up, part, batch) {
    const [gates, size, units] = up.shape;
    const expanded = new Float32Array(batch * gates * units);
    for (let g = 0; g < gates; g++) {
      const matrix = { data: up.data.subarray(g * size * units, (g + 1) * size * units), shape: [size, units] };
      for (let b = 0; b < batch; b++) {
        const from = (b * 3 + part) * gates * size + g * size;
        const row = expanded.subarray((b * gates + g) * units, (b * gates + g + 1) * units);
        addProduct(row, embeddings.subarray(from, from + size), matrix, 1);
      }
    }
    return expanded;
  }
}

const CELLS = { lstm: Lstm, layer_norm: LayerNormLstm, hyper: HyperLstm };

/** The state before the first step, each part `[B, its size]`: zeros, or read from the original's packed state. */
function unpack(cell, batch, packed = null) {
  const [state, sizes] = [{}, Object.entries(cell.stateSizes)];
  const width = sizes.reduce((sum, [, size]) => sum + size, 0);
  let start = 0;
  for (const [name, size] of sizes) {
    state[name] = new Float32Array(batch * size);
    for (let b = 0; packed && b < batch; b++) {
      state[name].set(packed.subarray(b * width + start, b * width + start + size), b * size);
    }
    start += size;
  }
  return state;
}

// ---------------------------------------------------------------------------------------------------- mixture.py

function logSoftmax(values) {
  const largest = values.reduce((a, b) => Math.max(a, b));
  const total = Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0)) + largest;
  return values.map((value) => value - total);
}

/**
 * Read one row of the decoder's outputs (equations 5 and 6).
 * @param {Float32Array} raw `[6 M + 3]`
 * @returns {Object} `logPi`, `muX`, `muY`, `logSigmaX`, `logSigmaY`, `rhoRaw` (atanh rho), each `[M]`; `penLogits [3]`
 */
export function fromRaw(raw) {
  const components = (raw.length - 3) / 6;
  const part = (k) => Float64Array.from(raw.subarray(3 + k * components, 3 + (k + 1) * components));
  return {
    logPi: logSoftmax(part(0)),
    muX: part(1),
    muY: part(2),
    logSigmaX: part(3),
    logSigmaY: part(4),
    rhoRaw: part(5),
    penLogits: Float64Array.from(raw.subarray(0, 3)),
  };
}

/** Sharpen (temperature < 1) the mixture: equation 8. The law "magenta" multiplies sigma by tau, not its square. */
export function temper(mixture, temperature, law = "paper") {
  const spread = (law === "magenta" ? 1 : 0.5) * Math.log(temperature);
  return {
    ...mixture,
    logPi: logSoftmax(mixture.logPi.map((value) => value / temperature)),
    logSigmaX: mixture.logSigmaX.map((value) => value + spread),
    logSigmaY: mixture.logSigmaY.map((value) => value + spread),
    penLogits: mixture.penLogits.map((value) => value / temperature),
  };
}

/** An index drawn by inverting the cumulative distribution at `uniform` in [0, 1). */
function choose(logits, uniform) {
  const p = logSoftmax(logits).map(Math.exp);
  const total = p.reduce((a, b) => a + b);
  let cumulative = 0;
  for (let k = 0; k < p.length - 1; k++) {
    cumulative += p[k];
    if (cumulative > uniform * total) return k;
  }
  return p.length - 1;
}

/** The stroke-5 point of a chosen component and pen state, with the offset's standard normals. */
function point(mixture, component, pen, normalX, normalY) {
  const rho = Math.tanh(mixture.rhoRaw[component]);
  const across = Math.sqrt(Math.max(1 - rho * rho, 0));
  const dx = mixture.muX[component] + Math.exp(mixture.logSigmaX[component]) * normalX;
  const dy = mixture.muY[component] + Math.exp(mixture.logSigmaY[component]) * (rho * normalX + across * normalY);
  return [Math.fround(dx), Math.fround(dy), +(pen === 0), +(pen === 1), +(pen === 2)];
}

/** Draw a stroke-5 point from a tempered mixture; `noise` as `SketchNoise.next` gives it. */
export function sample(mixture, noise) {
  const component = choose(mixture.logPi, noise.component);
  return point(mixture, component, choose(mixture.penLogits, noise.pen), noise.x, noise.y);
}

/** The limit of temperature 0: the mean of the most probable component, the most probable pen state. */
export function greedy(mixture) {
  const most = (values) => values.reduce((best, value, k) => (value > values[best] ? k : best), 0);
  return point(mixture, most(mixture.logPi), most(mixture.penLogits), 0, 0);
}

// ----------------------------------------------------------------------------------------- the document, SketchRNN

function bytesOf(base64) {
  const text = atob(base64);
  return Uint8Array.from({ length: text.length }, (_, k) => text.charCodeAt(k));
}

/** IEEE 754 binary16 -> float32; numbers below the least normal one included. */
function fromFloat16(halves) {
  const table = new Float32Array(2 ** 16);
  for (let bits = 0; bits < table.length; bits++) {
    const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
    const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
    table[bits] = (bits >> 15 ? -1 : 1) * (exponent === 31 ? (fraction ? NaN : Infinity) : size);
  }
  return Float32Array.from(halves, (bits) => table[bits]);
}

/** The tensors of a document, by name: `{data, shape}`. */
function readTensors(document) {
  const bytes = bytesOf(document.weights);
  const isHalf = document.dtype === "float16";
  const all = isHalf ? fromFloat16(new Uint16Array(bytes.buffer)) : new Float32Array(bytes.buffer);
  if (!all.every(Number.isFinite)) throw new ModelError("some of its weights are not finite numbers");
  const tensors = {};
  for (const [name, { shape, offset }] of Object.entries(document.tensors)) {
    const size = shape.reduce((a, b) => a * b, 1);
    if (offset + size > all.length) throw new ModelError(`its weights end before ${name}`);
    tensors[name] = { data: all.subarray(offset, offset + size), shape };
  }
  return tensors;
}

/** A Sketch-RNN, conditional or decoder-only. */
export class Model {
  /** @param {Object} document what `weights.py` wrote; a document that is damaged raises an error */
  constructor(document) {
    const { hparams } = document;
    this.name = document.name;
    this.hparams = hparams;
    this.scaleFactor = document.scale_factor;
    this.tensors = readTensors(document);
    this.decoder = new CELLS[hparams.dec_model](this.tensors, "decoder");
    if (hparams.conditional) {
      const Encoder = CELLS[hparams.enc_model];
      this.encoders = ["encoder_forward", "encoder_backward"].map((name) => new Encoder(this.tensors, name));
    }
  }

  /** Stroke-3 in data units -> stroke-5 points in model units, `[n, 5]` as one Float32Array. */
  toModelUnits(stroke3) {
    const rows = new Float32Array(5 * stroke3.length);
    stroke3.forEach(([dx, dy, lift], k) => {
      rows.set([dx / this.scaleFactor, dy / this.scaleFactor, lift ? 0 : 1, lift ? 1 : 0, 0], 5 * k);
    });
    return rows;
  }

  /**
   * The latent distribution of a drawing.
   * @param {number[][]} stroke3 `[n, 3]` in data units, n from 1 to N_max
   * @returns {{mu: Float32Array, presigma: Float32Array}} `[N_z]` each; sigma = exp(presigma / 2)
   */
  encode(stroke3) {
    if (!this.hparams.conditional) throw new ModelError(`${this.name} draws, but cannot read: it has no encoder`);
    checkDrawing(stroke3, this.hparams.max_seq_len);
    const points = this.toModelUnits(stroke3);
    const h = this.encoders.map((cell, way) => {
      const [context, state] = [cell.context(null, 1), unpack(cell, 1)];
      for (let k = 0; k < stroke3.length; k++) {
        const at = 5 * (way ? stroke3.length - 1 - k : k);
        cell.step(points.subarray(at, at + 5), context, state, 1);
      }
      return state.h;
    });
    const both = Float32Array.of(...h[0], ...h[1]);
    return { mu: project(both, this.tensors, "mu", 1), presigma: project(both, this.tensors, "presigma", 1) };
  }

  /** The decoder's state before its first step: tanh(W_z z + b_z), or zeros when decoder-only. */
  decoderStart(z, batch) {
    if (!z) return unpack(this.decoder, batch);
    const squashed = this.hparams.squash_start ? z.map(Math.tanh) : z;
    return unpack(this.decoder, batch, project(squashed, this.tensors, "initial_state", batch).map(Math.tanh));
  }

  /** The raw outputs `[B, 6 M + 3]` for h `[B, H]`. */
  outputs(h, batch) {
    return project(h, this.tensors, "output_head", batch);
  }

  /**
   * Teacher-forced decoder of one drawing.
   * @param {number[][]} stroke3 `[n, 3]` in data units
   * @param {?Float32Array} z `[N_z]`, or null when decoder-only
   * @returns {Float32Array[]} n + 1 rows of raw outputs: before each point, and after the last
   */
  decode(stroke3, z = null) {
    const [state, context] = [this.decoderStart(z, 1), this.decoder.context(z, 1)];
    const points = Float32Array.of(...START_TOKEN, ...this.toModelUnits(stroke3));
    return Array.from({ length: stroke3.length + 1 }, (_, k) => {
      this.decoder.step(points.subarray(5 * k, 5 * k + 5), context, state, 1);
      return this.outputs(state.h, 1);
    });
  }
}

function checkDrawing(stroke3, most) {
  if (stroke3.length < 1) throw new ModelError("the drawing is empty: draw something first");
  if (stroke3.length > most) {
    throw new ModelError(`the drawing has ${stroke3.length} points, and this model takes at most ${most}: undo a stroke`);
  }
}

// ------------------------------------------------------------------------------------------------------ sampling.py

/** Several sketches, drawn point by point side by side: `sampling.sample`. Sketch k depends on the seed and k alone. */
export class Drawing {
  #model;
  #options;
  #running; // which sketch each row of the batch is; rows of finished ones leave
  #noise;
  #points;
  #state;
  #context;
  #forced;
  #step = 0;

  /**
   * @param {Model} model
   * @param {Object} options
   * @param {number} options.count sketches
   * @param {number} options.temperature tau; 0 is greedy
   * @param {number} options.seed from 0 to 2^32 - 1
   * @param {?Array} options.z `[count][N_z]`; drawn from N(0, I) when absent and the model is conditional
   * @param {?number[][]} options.prefix stroke-3 `[n, 3]` in data units: how every sketch begins
   * @param {?boolean} options.sameNoise draw all with the random numbers of sketch 0
   * @param {?number} options.maxPoints a sketch is cut there, prefix included; N_max by default
   * @param {?string} options.law "paper" (variances times tau) or "magenta" (standard deviations times tau)
   */
  constructor(model, { count, temperature, seed, z, prefix, sameNoise = false, maxPoints, law = "paper" }) {
    const most = maxPoints ?? model.hparams.max_seq_len;
    if (!(temperature >= 0)) throw new ModelError(`temperature: expected a number from 0 on, received ${temperature}`);
    if (!TEMPERATURE_LAWS.includes(law)) throw new ModelError(`law: expected paper or magenta, received ${law}`);
    if (prefix) checkDrawing(prefix, most - 1);
    this.#model = model;
    this.#options = { temperature, law, most };
    this.#running = Array.from({ length: count }, (_, k) => k);
    this.#noise = this.#running.map((k) => new SketchNoise(seed, sameNoise ? 0 : k));
    this.#forced = prefix ? model.toModelUnits(prefix) : new Float32Array(0);
    const code = model.hparams.conditional ? rowsOf(z ?? this.#codes(seed)) : null;
    this.#context = model.decoder.context(code, count);
    this.#state = model.decoderStart(code, count);
    this.#points = repeat(Float32Array.from(START_TOKEN), count);
    this.ended = this.#running.map(() => false); // by themselves, not cut
  }

  #codes(seed) {
    return this.#running.map((k) => sketchCode(seed, k, this.#model.hparams.z_size));
  }

  /** Whether there is no more to draw. */
  get finished() {
    return this.#running.length === 0 || this.#step >= this.#options.most;
  }

  /**
   * One point of every sketch that has not ended.
   * @returns {number[][]} `[sketch, dx, dy, lift]` in data units; what the prefix forces is not among them
   */
  step() {
    const [model, batch, drawn] = [this.#model, this.#running.length, []];
    model.decoder.step(this.#points, this.#context, this.#state, batch);
    const raw = model.outputs(this.#state.h, batch);
    const width = raw.length / batch;
    const isForced = 5 * this.#step < this.#forced.length;
    const kept = [];
    for (let b = 0; b < batch; b++) {
      const sketch = this.#running[b];
      const noise = this.#noise[sketch].next(); // drawn for forced points too, as in Python
      if (isForced) {
        this.#points.set(this.#forced.subarray(5 * this.#step, 5 * this.#step + 5), 5 * b);
        kept.push(b);
        continue;
      }
      const [dx, dy, ...pen] = this.#draw(fromRaw(raw.subarray(b * width, (b + 1) * width)), noise);
      this.#points.set([dx, dy, ...pen], 5 * b);
      if (pen[2]) {
        this.ended[sketch] = true;
      } else {
        kept.push(b);
        drawn.push([sketch, dx * model.scaleFactor, dy * model.scaleFactor, pen[1]]);
      }
    }
    this.#step += 1;
    if (kept.length < batch) this.#keep(kept, batch);
    return drawn;
  }

  #draw(mixture, noise) {
    const { temperature, law } = this.#options;
    return temperature === 0 ? greedy(mixture) : sample(temper(mixture, temperature, law), noise);
  }

  /** Leave out the rows of the sketches that have ended. */
  #keep(rows, batch) {
    const select = (values) => keepRows(values, rows, batch);
    this.#running = rows.map((b) => this.#running[b]);
    this.#points = select(this.#points);
    this.#state = mapValues(this.#state, select);
    this.#context = ArrayBuffer.isView(this.#context) ? select(this.#context) : mapValues(this.#context, select);
  }
}

function rowsOf(codes) {
  const rows = new Float32Array(codes.length * codes[0].length);
  codes.forEach((code, k) => rows.set(code, k * code.length));
  return rows;
}

function keepRows(values, rows, batch) {
  const width = values.length / batch;
  const kept = new Float32Array(rows.length * width);
  rows.forEach((b, k) => kept.set(values.subarray(b * width, (b + 1) * width), k * width));
  return kept;
}

function mapValues(parts, change) {
  return Object.fromEntries(Object.entries(parts).map(([name, values]) => [name, change(values)]));
}

/**
 * Sketches at once: what `sampling.sample` returns.
 * @param {Model} model
 * @param {Object} options see `Drawing`
 * @returns {number[][][]} stroke-3 in data units, the prefix included
 */
export function drawAll(model, options) {
  const drawing = new Drawing(model, options);
  const sketches = Array.from({ length: options.count }, () => [...(options.prefix ?? [])]);
  while (!drawing.finished) {
    for (const [sketch, ...row] of drawing.step()) sketches[sketch].push(row);
  }
  return sketches;
}

// ------------------------------------------------------------------------------------------------------- latent.py

/**
 * A point on the arc between two codes: (sin((1 - t) w) from + sin(t w) to) / sin(w), w being the angle between them.
 * Where the arc is not defined, or is the line to rounding, it is the straight line.
 * @param {ArrayLike<number>} from `[N_z]`
 * @param {ArrayLike<number>} to `[N_z]`
 * @param {number} t from 0 to 1
 * @returns {number[]} `[N_z]`
 */
export function slerp(from, to, t) {
  const [lengthFrom, lengthTo] = [Math.hypot(...from), Math.hypot(...to)];
  const mix = (a, b) => Array.from(from, (value, k) => a * value + b * to[k]);
  if (lengthFrom === 0 || lengthTo === 0) return mix(1 - t, t);
  const apart = Math.hypot(...Array.from(from, (value, k) => value / lengthFrom - to[k] / lengthTo));
  const along = Math.hypot(...Array.from(from, (value, k) => value / lengthFrom + to[k] / lengthTo));
  const angle = 2 * Math.atan2(apart, along); // exact where arccos loses its digits
  if (Math.min(angle, Math.PI - angle) < NEARLY_PARALLEL) return mix(1 - t, t);
  return mix(Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle));
}
