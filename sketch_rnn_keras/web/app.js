/**
 * The page: its drawing, its settings and its three modes (`together.js`, `read.js`, `melt.js`), wired to the buttons.
 *
 * One drawing is shared by all modes; each mode has a model of its own choice. What is drawn, undone or set is told to
 * the mode on show.
 */

import { Pad } from "./canvas.js";
import { element } from "./dom.js";
import { EngineClient } from "./engine_client.js";
import { save, toAnimatedSvg, toNdjson, toPng, toSvg } from "./exports.js";
import { Melt } from "./melt.js";
import { Read } from "./read.js";
import { Scale } from "./strokes.js";
import { Together } from "./together.js";

const LARGEST_SEED = 2 ** 32 - 1;

/** What the modes know of the page. */
class Page {
  #past = [];
  #future = [];
  #modes;
  #collected = [];
  strokes = [];

  constructor() {
    this.documents = Array.from(document.querySelectorAll("script.model"), (each) => JSON.parse(each.textContent));
    this.engine = new EngineClient(element("worker").textContent);
    this.pad = new Pad(element("pad"), {
      onBegin: () => this.#onPen(),
      onStroke: (points) => this.change([...this.strokes, { by: "you", points }], true),
    });
    this.broken = new Map(); // index of a model -> why
    this.#modes = { together: new Together(this), read: new Read(this), melt: new Melt(this) };
    this.mode = "together";
    this.chosen = { together: this.#first(false), read: this.#first(true), melt: this.#first(true) };
  }

  /** The first model that is conditional or not; of none, the first. */
  #first(conditional) {
    return Math.max(0, this.documents.findIndex((each) => each.hparams.conditional === conditional));
  }

  async start() {
    this.#wire();
    this.show("together");
    await Promise.all(this.documents.map((each, index) => this.#open(each, index)));
    if (this.broken.size) this.say([...this.broken.values()].join(" "));
  }

  async #open(document, index) {
    try {
      await this.engine.open(index, document);
    } catch (error) {
      this.broken.set(index, `This model cannot be used: ${error.message}.`);
    }
  }

  // ------------------------------------------------------------------------------------------- what modes ask for

  get model() {
    return this.chosen[this.mode];
  }

  get document() {
    return this.documents[this.model];
  }

  get scale() {
    return new Scale(this.document);
  }

  get temperature() {
    return Number(element("temperature").value);
  }

  get seed() {
    return Math.min(LARGEST_SEED, Math.max(0, Math.floor(Number(element("seed").value)) || 0));
  }

  set seed(value) {
    element("seed").value = value % (LARGEST_SEED + 1);
  }

  /** Points a second. */
  get speed() {
    return Number(element("speed").value);
  }

  /** Tell the user, in a sentence. */
  say(text) {
    element("status").textContent = text;
  }

  /** Tell the user what went wrong; nothing of the drawing is lost. */
  fail(error) {
    const text = error.message.replace(/\.$/, "");
    this.say(`${text[0].toUpperCase()}${text.slice(1)}.`);
  }

  /** Replace the drawing, so that it can be undone; `byPen` is told to the mode. */
  change(strokes, byPen = false) {
    this.#past.push(this.strokes);
    this.#future = [];
    this.#put(strokes, byPen);
  }

  #put(strokes, byPen = false) {
    this.strokes = strokes;
    this.repaint();
    this.#modes[this.mode].onDrawing(byPen);
  }

  /** Paint the sheet: the drawing, or what a mode shows in its place. */
  repaint(shown = this.strokes) {
    this.pad.strokes = shown;
    this.pad.paint();
    element("invitation").hidden = this.pad.strokes.length > 0 || this.pad.isDrawing;
    element("undo").disabled = this.#past.length === 0;
    element("redo").disabled = this.#future.length === 0;
    element("clear").disabled = this.strokes.length === 0;
  }

  // ------------------------------------------------------------------------------------------------------- buttons

  #onPen() {
    element("invitation").hidden = true;
    this.say("");
    this.#modes[this.mode].onPen();
  }

  undo() {
    if (this.#past.length === 0) return;
    this.#future.push(this.strokes);
    this.#put(this.#past.pop());
  }

  redo() {
    if (this.#future.length === 0) return;
    this.#past.push(this.strokes);
    this.#put(this.#future.pop());
  }

  /** Show a mode with its model. */
  show(mode) {
    this.#modes[this.mode].leave();
    this.mode = mode;
    for (const name of Object.keys(this.#modes)) {
      element(name).hidden = name !== mode;
      element(`tab-${name}`).setAttribute("aria-selected", String(name === mode));
      element(`tab-${name}`).tabIndex = name === mode ? 0 : -1;
    }
    document.body.classList.toggle("melting", mode === "melt");
    element("tempering").hidden = mode === "read"; // which has temperatures of its own
    this.say("");
    this.#listModels();
    this.repaint();
    this.#modes[mode].enter();
  }

  /** The models of this mode: to read, a model needs an encoder. */
  #listModels() {
    const usable = this.documents.map((each, k) => [each, k]);
    const shown = this.mode === "together" ? usable : usable.filter(([each]) => each.hparams.conditional);
    const options = shown.map(([each, k]) => new Option(each.name, k, false, k === this.model));
    element("model").replaceChildren(...options);
    element("model").disabled = options.length < 2;
    element("model-title").textContent = this.document.title;
    if (shown.length === 0) {
      this.say("No model in this page can read: they draw, but have no encoder. Make one with a conditional model.");
    }
  }

  /** Whether the model of this mode can be used; says why not. */
  get isUsable() {
    if (this.broken.has(this.model)) this.say(this.broken.get(this.model));
    return !this.broken.has(this.model) && (this.mode === "together" || this.document.hparams.conditional);
  }

  #wire() {
    const press = (id, action) => element(id).addEventListener("click", action);
    for (const name of Object.keys(this.#modes)) press(`tab-${name}`, () => this.show(name));
    document.querySelector("[role=tablist]").addEventListener("keydown", (event) => this.#turnTabs(event));
    press("undo", () => this.undo());
    press("redo", () => this.redo());
    press("clear", () => this.change([]));
    press("theme", () => this.#turnTheme());
    press("save-svg", () => this.#save("svg", (strokes, word) => toSvg(strokes, word), "image/svg+xml"));
    press("save-animated", () => this.#save("svg", (strokes, word) => toAnimatedSvg(strokes, word), "image/svg+xml"));
    press("save-png", () => this.#save("png", (strokes) => toPng(strokes), "image/png"));
    press("collect", () => this.#collect());
    press("save-ndjson", () => save(`${this.#word}.ndjson`, this.#collected.join(""), "application/x-ndjson"));
    element("save-ndjson").disabled = true;
    element("model").addEventListener("change", (event) => {
      this.chosen[this.mode] = Number(event.target.value);
      this.show(this.mode);
    });
    for (const id of ["temperature", "seed"]) {
      element(id).addEventListener("change", () => this.#modes[this.mode].onSetting());
    }
    element("temperature").addEventListener("input", () => this.#showTemperature());
    this.#showTemperature();
    document.addEventListener("keydown", (event) => this.#onKey(event));
    window.addEventListener("resize", () => this.#repaintAll());
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    this.#setTheme(dark.matches);
    dark.addEventListener("change", () => this.#setTheme(dark.matches));
  }

  #showTemperature() {
    element("temperature-value").textContent = this.temperature.toFixed(2);
  }

  #turnTabs(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const names = Object.keys(this.#modes);
    const next = names[(names.indexOf(this.mode) + step + names.length) % names.length];
    this.show(next);
    element(`tab-${next}`).focus();
  }

  #onKey(event) {
    const isTyping = event.target.matches("input[type=text], input[type=number], select, textarea");
    const letter = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && !isTyping && (letter === "z" || letter === "y")) {
      event.preventDefault();
      if (letter === "y" || event.shiftKey) this.redo();
      else this.undo();
    } else if (event.key === " " && !isTyping && !event.target.matches("button, summary, [role=slider]")) {
      event.preventDefault();
      this.#modes[this.mode].onSpace();
    } else if (event.key === "Escape") {
      this.#modes[this.mode].stop();
    }
  }

  #turnTheme() {
    this.#setTheme(document.documentElement.dataset.theme !== "dark");
  }

  #setTheme(isDark) {
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
    this.#repaintAll();
  }

  #repaintAll() {
    this.pad.paint();
    this.#modes[this.mode].repaint();
  }

  get #word() {
    return element("word").value.replace(/[^\p{L}\p{N} _-]/gu, "").trim() || "drawing";
  }

  async #save(suffix, make, type) {
    const strokes = this.#modes[this.mode].shown ?? this.strokes;
    if (strokes.length === 0) {
      this.say("There is nothing to save yet: draw something first.");
      return;
    }
    save(`${this.#word}.${suffix}`, await make(strokes, this.#word), type);
    this.say(`Saved as ${this.#word}.${suffix}.`);
  }

  #collect() {
    if (this.strokes.length === 0) {
      this.say("There is nothing to add yet: draw something first.");
      return;
    }
    this.#collected.push(toNdjson(this.strokes, this.#word));
    element("collected").textContent = `(${this.#collected.length})`;
    element("save-ndjson").disabled = false;
    this.say(`Added: ${this.#collected.length} in my drawings.`);
  }
}

new Page().start();
