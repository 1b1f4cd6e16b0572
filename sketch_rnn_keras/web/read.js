/** Read mine: a drawing, its code as bars that can be pulled, and what the decoder makes of the code. */

import { paint } from "./canvas.js";
import { element } from "./dom.js";
import { drawCodes, Latest } from "./drawings.js";
import { centred } from "./strokes.js";

const TEMPERATURES = [0.1, 0.3, 0.6, 1];
const REACH = 3; // of a bar, either way; a code is about N(0, 1)
const STEP = 0.1;
const PAUSE_BEFORE_READING = 500; // milliseconds after a pen stroke

export class Read {
  #page;
  #code = null;
  #drawings = [];
  #figures;
  #bars = [];
  #latest = new Latest();
  #timer = null;

  constructor(page) {
    this.#page = page;
    this.#figures = TEMPERATURES.map((temperature) => {
      const figure = document.createElement("figure");
      const caption = document.createElement("figcaption");
      caption.textContent = `temperature ${temperature}`;
      figure.append(document.createElement("canvas"), caption);
      return figure;
    });
    element("reconstructions").append(...this.#figures);
    element("reread").addEventListener("click", () => this.#read());
    element("surprise").addEventListener("click", () => this.#surprise());
    element("take").addEventListener("click", () => this.#take());
  }

  get shown() {
    return null;
  }

  enter() {
    this.#code = null;
    this.#drawings = [];
    this.#showCode();
    if (this.#page.strokes.length) this.#read();
    else if (this.#page.isUsable) this.#page.say("Draw something, and the model reads it.");
  }

  leave() {
    clearTimeout(this.#timer);
  }

  stop() {}

  onPen() {
    clearTimeout(this.#timer);
  }

  onDrawing() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#read(), PAUSE_BEFORE_READING);
  }

  onSetting() {
    if (this.#code) this.#draw();
  }

  onSpace() {
    this.#read();
  }

  repaint() {
    this.#figures.forEach((figure, k) => paint(figure.firstChild, this.#drawings[k] ?? [], { fit: true }));
    element("take").disabled = this.#drawings.length === 0;
    element("reread").disabled = this.#page.strokes.length === 0;
  }

  async #read() {
    const page = this.#page;
    if (!page.isUsable || page.strokes.length === 0) return;
    try {
      const { mu } = await page.engine.encode(page.model, [page.scale.toRows(page.strokes).rows]);
      page.say("Read. These are drawn from the code alone.");
      this.#setCode(mu[0]);
    } catch (error) {
      page.fail(error);
    }
  }

  async #surprise() {
    const page = this.#page;
    if (!page.isUsable) return;
    page.seed = page.seed + 1;
    try {
      const { mu } = await page.engine.random(page.model, page.seed, 1);
      page.say("A code drawn at random.");
      this.#setCode(mu[0]);
    } catch (error) {
      page.fail(error);
    }
  }

  #take() {
    const drawing = centred(this.#drawings[0]);
    if (drawing.length) this.#page.change(drawing);
  }

  #setCode(code) {
    this.#code = [...code];
    this.#showCode();
    this.#draw();
  }

  #draw() {
    this.#latest.run(async () => {
      try {
        const codes = this.#code;
        const runs = TEMPERATURES.map((temperature) => drawCodes(this.#page, [codes], temperature).answer);
        this.#drawings = (await Promise.all(runs)).map(([drawing]) => drawing);
        this.repaint();
      } catch (error) {
        this.#page.fail(error);
      }
    });
  }

  // ---------------------------------------------------------------------------------------------------------- bars

  #showCode() {
    const code = this.#code ?? [];
    if (this.#bars.length !== code.length) {
      this.#bars = code.map((_, k) => this.#bar(k));
      element("bars").replaceChildren(...this.#bars);
    }
    code.forEach((_, k) => this.#showBar(k));
    this.repaint();
  }

  #bar(k) {
    const bar = document.createElement("div");
    bar.append(document.createElement("div"));
    const attributes = { role: "slider", tabindex: 0, "aria-label": `Number ${k + 1} of the code` };
    const range = { "aria-valuemin": -REACH, "aria-valuemax": REACH, "aria-orientation": "vertical" };
    for (const [name, value] of Object.entries({ ...attributes, ...range })) bar.setAttribute(name, value);
    const pull = (event) => {
      const box = bar.getBoundingClientRect();
      this.#pull(k, REACH * (1 - (2 * (event.clientY - box.top)) / box.height));
    };
    bar.addEventListener("pointerdown", (event) => {
      bar.setPointerCapture(event.pointerId);
      pull(event);
    });
    bar.addEventListener("pointermove", (event) => {
      if (bar.hasPointerCapture(event.pointerId)) pull(event);
    });
    bar.addEventListener("keydown", (event) => {
      const step = { ArrowUp: STEP, ArrowRight: STEP, ArrowDown: -STEP, ArrowLeft: -STEP, PageUp: 1, PageDown: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      this.#pull(k, this.#code[k] + step);
    });
    return bar;
  }

  #pull(k, value) {
    this.#code[k] = Math.min(REACH, Math.max(-REACH, value));
    this.#showBar(k);
    this.#draw();
  }

  #showBar(k) {
    const value = Math.min(REACH, Math.max(-REACH, this.#code[k]));
    const bar = this.#bars[k];
    bar.setAttribute("aria-valuenow", this.#code[k].toFixed(1));
    bar.firstChild.style.top = `${50 - 50 * (Math.max(0, value) / REACH)}%`;
    bar.firstChild.style.height = `${Math.max(1, 50 * (Math.abs(value) / REACH))}%`;
  }
}
