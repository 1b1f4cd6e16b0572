/** Melt: two drawings and the way between their codes, along an arc (slerp; paper, section 4.3). */

import { paint } from "./canvas.js";
import { element } from "./dom.js";
import { drawCodes, Latest } from "./drawings.js";
import { centred } from "./strokes.js";

const STEPS = 25; // drawings on the way, both ends included
const FRAME = 120; // milliseconds that each is shown

export class Melt {
  #page;
  #model = null;
  #ends = { from: null, to: null }; // {code, strokes}
  #frames = [];
  #example = 0;
  #playing = null;
  #latest = new Latest();

  constructor(page) {
    this.#page = page;
    for (const end of ["from", "to"]) {
      element(`${end}-yours`).addEventListener("click", () => this.#set(end, () => this.#yours()));
      element(`${end}-random`).addEventListener("click", () => this.#set(end, () => this.#another()));
    }
    element("way").addEventListener("input", () => {
      this.stop();
      this.#show();
    });
    element("play").addEventListener("click", () => this.onSpace());
  }

  /** What is saved: the drawing on show. */
  get shown() {
    const frame = this.#frames[this.#place];
    return frame?.length ? centred(frame) : null;
  }

  get #place() {
    return Number(element("way").value);
  }

  async enter() {
    const page = this.#page;
    element("play").disabled = true;
    if (!page.isUsable) return;
    if (this.#model !== page.model) [this.#model, this.#ends, this.#frames, this.#example] = [page.model, {}, [], 0];
    this.#ends.from = page.strokes.length ? await this.#try(() => this.#yours()) : this.#ends.from;
    this.#ends.from ??= await this.#try(() => this.#another());
    this.#ends.to ??= await this.#try(() => this.#another());
    this.#draw();
  }

  leave() {
    this.stop();
  }

  stop() {
    clearInterval(this.#playing);
    this.#playing = null;
    element("play").textContent = "Play";
  }

  onPen() {}

  onDrawing() {}

  onSetting() {
    this.#draw();
  }

  onSpace() {
    if (this.#playing) {
      this.stop();
      return;
    }
    if (!this.#frames.length) return;
    let step = this.#place < STEPS - 1 ? 1 : -1;
    element("play").textContent = "Stop";
    this.#playing = setInterval(() => {
      if (this.#place === STEPS - 1) step = -1;
      if (this.#place === 0) step = 1;
      element("way").value = this.#place + step;
      this.#show();
    }, FRAME);
  }

  repaint() {
    for (const end of ["from", "to"]) paint(element(end), this.#ends[end]?.strokes ?? [], { fit: true });
    this.#show();
  }

  #show() {
    const frame = this.#frames[this.#place] ?? [];
    paint(element("between"), centred(frame));
  }

  // ------------------------------------------------------------------------------------------------------ the ends

  async #try(make) {
    try {
      return await make();
    } catch (error) {
      this.#page.fail(error);
      return null;
    }
  }

  async #set(end, make) {
    this.stop();
    this.#ends[end] = (await this.#try(make)) ?? this.#ends[end];
    this.#draw();
  }

  /** The person's drawing and its code. */
  async #yours() {
    const { engine, model, strokes, scale } = this.#page;
    if (strokes.length === 0) throw new Error("There is no drawing of yours yet: draw one in Draw together, or take another");
    const { mu } = await engine.encode(model, [scale.toRows(strokes).rows]);
    return { code: mu[0], strokes };
  }

  /** The next of the page's examples with its code or, when they have all been seen, a random code with what it draws. */
  async #another() {
    const { engine, model, document, scale } = this.#page;
    const rows = document.examples[this.#example++];
    if (rows) {
      const { mu } = await engine.encode(model, [rows]);
      return { code: mu[0], strokes: scale.toStrokes(rows, [0, 0]) };
    }
    const { mu } = await engine.random(model, this.#example, 1);
    const [strokes] = await drawCodes(this.#page, mu, this.#page.temperature).answer;
    return { code: mu[0], strokes };
  }

  #draw() {
    const { from, to } = this.#ends;
    this.repaint();
    if (!from || !to) return;
    this.#latest.run(async () => {
      try {
        const { mu } = await this.#page.engine.between(from.code, to.code, STEPS);
        this.#frames = await drawCodes(this.#page, mu, this.#page.temperature).answer;
        element("play").disabled = false;
        this.repaint();
      } catch (error) {
        this.#page.fail(error);
      }
    });
  }
}
