// What the tests ask of the engine, in Node and in a browser: `{document, jobs}` -> one answer for each job.
import { Model, drawAll, fromRaw, slerp } from "./engine.js";
import { Generator } from "./random.js";

const JOBS = {
  // the paper's parameters of every step
  decode(model, { drawing, z }) {
    return model.decode(drawing, z && Float32Array.from(z)).map((raw) => {
      const m = fromRaw(raw);
      return {
        pi: Array.from(m.logPi, Math.exp),
        mu_x: Array.from(m.muX),
        mu_y: Array.from(m.muY),
        sigma_x: Array.from(m.logSigmaX, Math.exp),
        sigma_y: Array.from(m.logSigmaY, Math.exp),
        rho: Array.from(m.rhoRaw, Math.tanh),
        pen_logits: Array.from(m.penLogits),
      };
    });
  },
  encode(model, { drawing }) {
    const { mu, presigma } = model.encode(drawing);
    return { mu: Array.from(mu), presigma: Array.from(presigma) };
  },
  draw(model, { options }) {
    return drawAll(model, options);
  },
  // as `complete` in Python: a conditional model begins from the code of the prefix
  complete(model, { options }) {
    const { prefix, count } = options;
    const z = model.hparams.conditional ? Array(count).fill(model.encode(prefix).mu) : null;
    return drawAll(model, { ...options, z });
  },
  slerp(model, { from, to, t }) {
    return t.map((each) => slerp(from, to, each));
  },
  random(model, { seed, stream, index, count }) {
    const generator = new Generator(seed, stream, index);
    const uniforms = Array.from({ length: count }, () => generator.uniform());
    return { uniforms, normals: Array.from({ length: count }, () => generator.normal()) };
  },
};

export function answer({ document, jobs }) {
  const model = document && new Model(document);
  return jobs.map((job) => {
    try {
      return JOBS[job.kind](model, job);
    } catch (error) {
      return { error: error.message };
    }
  });
}
