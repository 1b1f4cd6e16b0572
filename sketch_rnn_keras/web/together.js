/**
 * Draw together: when the pen is lifted the model goes on, live on the sheet, and eight other endings stand beside it.
 *
 * An ending is no part of the drawing until it is kept, by "Finish it" or a tap on it; drawing on lets it go.
 */

import { paint } from "./canvas.js";
import { element } from "./dom.js";
import { centred, onSheet } from "./strokes.js";

const PAUSE_BEFORE_ENDINGS = 700; // milliseconds after a pen stroke in which another may begin
const COUNT = 9;

export class Together {
  #page;
  #timer = null;
  #run = null; // the endings that are being drawn or stand there
  #buttons;

  constructor(page) {
    this.#page = page;
    this.#buttons = Array.from({ length: COUNT }, (_, k) => this.#button(k));
    element("endings").append(...this.#buttons);
    element("finish").addEventListener("click", () => this.onSpace());
    element("start").addEventListener("click", () => this.#startForMe());
    element("others").addEventListener("click", () => this.#others());
  }

  #button(k) {
    const button = document.createElement("button");
    button.append(document.createElement("canvas"));
    button.setAttribute("aria-label", `Keep ending ${k + 1}`);
    button.addEventListener("click", () => this.#keep(k));
    return button;
  }

  enter() {
    this.repaint();
    if (this.#page.strokes.length) this.#goOnSoon(0);
  }

  leave() {
    this.#letGo();
  }

  /** What is saved: the drawing with the ending on the sheet. */
  get shown() {
    return this.#run ? onSheet(this.#ending(0)) : null;
  }

  onPen() {
    this.#letGo();
    this.#page.repaint();
  }

  onDrawing(byPen) {
    this.#letGo();
    this.#page.repaint();
    if (byPen) this.#goOnSoon(PAUSE_BEFORE_ENDINGS);
  }

  onSetting() {
    if (this.#run) this.#goOn();
  }

  /** Finish it: keep the ending on the sheet, or let the model make one and keep it. */
  onSpace() {
    if (this.#run) this.#keep(0);
    else if (this.#page.strokes.length) this.#goOn({ keep: true });
    else this.#startForMe();
  }

  stop() {
    this.#letGo();
    this.#page.repaint();
  }

  repaint() {
    this.#buttons.forEach((button, k) => {
      const rows = this.#run?.rows[k] ?? [];
      button.disabled = !this.#run || (rows.length === 0 && !this.#run.isDone);
      button.classList.toggle("live", k === 0 && this.#run !== null);
      paint(button.firstChild, this.#run ? this.#ending(k) : [], { fit: true });
    });
    element("endings-hint").textContent = this.#run
      ? "The first is on the sheet. Tap one to keep it, or draw on."
      : "Lift your pen, and nine endings appear. Tap one to keep it.";
    element("others").disabled = !this.#run;
    element("finish").textContent = this.#run?.isDone ? "Keep it" : "Finish it";
  }

  #startForMe() {
    if (this.#page.strokes.length) this.#page.change([]);
    this.#goOn();
  }

  #others() {
    this.#page.seed = this.#page.seed + 1;
    this.#goOn();
  }

  #goOnSoon(pause) {
    this.#timer = setTimeout(() => this.#goOn(), pause);
  }

  /** Let the model go on from the drawing, or begin one. */
  #goOn({ keep = false } = {}) {
    this.#letGo();
    const page = this.#page;
    if (!page.isUsable) return;
    const { strokes, scale } = page;
    const begun = strokes.length ? scale.toRows(strokes) : { rows: null, end: [0, 0] };
    const run = { rows: Array.from({ length: COUNT }, () => []), begun, scale, shown: 0, isDone: false, keep };
    this.#run = run;
    const request = {
      model: page.model,
      count: COUNT,
      temperature: page.temperature,
      seed: page.seed,
      ...(begun.rows ? { prefix: begun.rows, encodePrefix: true } : {}),
    };
    const { answer, cancel } = page.engine.draw(request, (points) => {
      for (const [k, ...row] of points) run.rows[k].push(row);
    });
    run.cancel = cancel;
    answer.then(
      ({ ended }) => this.#finished(run, ended),
      (error) => this.#failed(run, error),
    );
    page.say(strokes.length ? "The model goes on…" : "The model begins…");
    this.#animate(run, performance.now());
  }

  #finished(run, ended) {
    [run.isDone, run.ended] = [true, ended];
  }

  #failed(run, error) {
    if (this.#run !== run) return;
    this.#letGo();
    this.#page.repaint();
    this.#page.fail(error);
  }

  /** Show the ending on the sheet point by point, at the speed that is set, and the others as far as they are. */
  #animate(run, before) {
    requestAnimationFrame((now) => {
      if (this.#run !== run) return;
      if (run.keep && run.isDone) {
        this.#keep(0);
        return;
      }
      const isStill = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
      const elapsed = Math.max(0, now - before) / 1000;
      if (run.begun.rows || run.isDone) run.shown = isStill ? Infinity : run.shown + elapsed * this.#page.speed;
      this.#page.repaint(this.#live());
      this.repaint();
      if (run.isDone && run.shown >= run.rows[0].length) this.#tell(run);
      else this.#animate(run, now);
    });
  }

  #tell(run) {
    if (run.rows[0].length === 0) this.#page.say("The model finds it finished. Draw on, or try nine others.");
    else if (run.ended[0]) this.#page.say("Finished. Keep it, choose another, or draw on.");
    else {
      const most = this.#page.document.hparams.max_seq_len;
      this.#page.say(`The model did not stop by itself: it was cut at ${most} points, the most it can draw.`);
    }
  }

  /** The drawing with the ending on the sheet as far as it is shown; smaller where the whole would leave the sheet. */
  #live() {
    return onSheet([...this.#page.strokes, ...this.#strokes(0, Math.ceil(this.#run.shown))], this.#ending(0));
  }

  /** The first `count` points of ending k on the sheet; one from nothing stands in the middle, once it is known. */
  #strokes(k, count = Infinity) {
    const { scale, rows, begun, isDone } = this.#run;
    if (!begun.rows && !isDone) return [];
    const strokes = scale.toStrokes(rows[k].slice(0, count), begun.end);
    return begun.rows ? strokes : centred(strokes, scale.toStrokes(rows[k], begun.end));
  }

  /** The whole drawing with ending k. */
  #ending(k) {
    return [...this.#page.strokes, ...this.#strokes(k)];
  }

  #keep(k) {
    if (!this.#run) return;
    const ending = this.#ending(k);
    this.#letGo();
    this.#page.change(onSheet(ending));
    this.#page.say("Kept. Draw on, or save it.");
  }

  #letGo() {
    clearTimeout(this.#timer);
    this.#run?.cancel();
    this.#run = null;
    this.repaint();
  }
}
