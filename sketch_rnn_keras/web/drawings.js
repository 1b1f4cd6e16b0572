/** Whole drawings from codes, as Read and Melt want them. */

/**
 * Draw codes with shared random numbers, so that they differ by what the codes say alone.
 * @param {Object} page see `app.js`
 * @param {number[][]} z codes
 * @param {number} temperature tau
 * @returns {{answer: Promise<Object[][]>, cancel: function}} strokes on the sheet for each code
 */
export function drawCodes(page, z, temperature) {
  const rows = z.map(() => []);
  const { scale, seed, model } = page;
  const { answer, cancel } = page.engine.draw(
    { model, count: z.length, z, sameNoise: true, temperature, seed },
    (points) => points.forEach(([k, ...row]) => rows[k].push(row)),
  );
  return { answer: answer.then(() => rows.map((each) => scale.toStrokes(each, [0, 0]))), cancel };
}

/** Does one thing at a time, and of those asked for meanwhile the last alone. */
export class Latest {
  #running = false;
  #next = null;

  /** @param {function(): Promise} task */
  async run(task) {
    this.#next = task;
    if (this.#running) return;
    this.#running = true;
    while (this.#next) {
      const next = this.#next;
      this.#next = null;
      await next();
    }
    this.#running = false;
  }
}
