/** The page's side of the worker (`worker.js`): promises for answers, callbacks for points as they are drawn. */

export class EngineClient {
  #worker;
  #waiting = new Map(); // id -> {resolve, reject, onPoints}
  #next = 0;

  /** @param {string} source the worker's program */
  constructor(source) {
    this.#worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    this.#worker.onmessage = ({ data }) => this.#receive(data);
    this.#worker.onerror = (event) => this.#fail(new Error(`The drawing engine did not start: ${event.message}`));
  }

  #receive(answer) {
    const waiting = this.#waiting.get(answer.id);
    if (!waiting) return;
    if (answer.type === "points") {
      waiting.onPoints(answer.points);
      return;
    }
    this.#waiting.delete(answer.id);
    if (answer.type === "failed") waiting.reject(new Error(answer.message));
    else waiting.resolve(answer);
  }

  #fail(error) {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #ask(request, onPoints = () => {}) {
    const id = this.#next++;
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject, onPoints }));
    this.#worker.postMessage({ ...request, id });
    return { id, answer };
  }

  /** Hand a model to the worker; resolves to what it is. */
  open(model, document) {
    return this.#ask({ type: "open", model, document }).answer;
  }

  /**
   * Draw; see `Drawing` in `engine.js` for the options.
   * @returns {{answer: Promise<Object>, cancel: function}} after `cancel` neither points nor an answer come
   */
  draw(options, onPoints) {
    const { id, answer } = this.#ask({ type: "draw", ...options }, onPoints);
    const cancel = () => {
      if (this.#waiting.delete(id)) this.#worker.postMessage({ type: "cancel", id });
    };
    return { answer, cancel };
  }

  /** The codes of drawings: `{mu, sigma}`. */
  encode(model, drawings) {
    return this.#ask({ type: "encode", model, drawings }).answer;
  }

  /** `count` random codes: `{mu}`. */
  random(model, seed, count) {
    return this.#ask({ type: "random", model, seed, count }).answer;
  }

  /** Codes on the arc from one to another, ends included: `{mu}`. */
  between(from, to, steps) {
    return this.#ask({ type: "between", from, to, steps }).answer;
  }
}
