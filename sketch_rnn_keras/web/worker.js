/**
 * The engine's own thread, so that the page stays smooth. Enters: requests, as `docs/web.md` lists them. Leaves: points as
 * they are drawn, codes, or a sentence that says why not.
 */

import { Drawing, Model, ModelError, slerp } from "./engine.js";
import { sketchCode } from "./random.js";

const CHUNK = 30; // milliseconds of drawing before messages are looked at again
const models = [];
const running = new Set(); // ids of drawings that go on

/** Let messages in: one of them may be a cancel. */
const pause = () => new Promise((resume) => setTimeout(resume));

function sentence(error) {
  return error instanceof ModelError ? error.message : `something is wrong with this model (${error.message})`;
}

function open({ id, model: index, document }) {
  try {
    const model = new Model(document);
    models[index] = model;
    const { conditional, max_seq_len: points } = model.hparams;
    return { type: "opened", id, model: index, name: model.name, conditional, points };
  } catch (error) {
    return { type: "failed", id, model: index, message: `${document?.name}: ${sentence(error)}` };
  }
}

function opened(index) {
  if (!models[index]) throw new ModelError("this model could not be opened");
  return models[index];
}

/** As `latent.complete` in Python: a conditional model begins from the code of what there is. */
function codesOf(model, { z, prefix, encodePrefix, count }) {
  if (!encodePrefix || !prefix || !model.hparams.conditional) return z;
  const { mu } = model.encode(prefix);
  return Array.from({ length: count }, () => mu);
}

async function draw(request) {
  const { id } = request;
  const model = opened(request.model);
  const drawing = new Drawing(model, { ...request, z: codesOf(model, request) });
  running.add(id);
  while (!drawing.finished) {
    const points = [];
    const until = performance.now() + CHUNK;
    while (!drawing.finished && performance.now() < until) points.push(...drawing.step());
    if (points.length) postMessage({ type: "points", id, points });
    await pause();
    if (!running.has(id)) return null;
  }
  running.delete(id);
  return { type: "drawn", id, ended: drawing.ended };
}

function encode({ id, model, drawings }) {
  const codes = drawings.map((drawing) => opened(model).encode(drawing));
  const sigma = codes.map(({ presigma }) => Array.from(presigma, (value) => Math.exp(value / 2)));
  return { type: "codes", id, mu: codes.map(({ mu }) => Array.from(mu)), sigma };
}

function random({ id, model, seed, count }) {
  const size = opened(model).hparams.z_size;
  return { type: "codes", id, mu: Array.from({ length: count }, (_, k) => Array.from(sketchCode(seed, k, size))) };
}

function between({ id, from, to, steps }) {
  return { type: "codes", id, mu: Array.from({ length: steps }, (_, k) => slerp(from, to, steps > 1 ? k / (steps - 1) : 0)) };
}

const ANSWERS = { open, draw, encode, random, between };

self.onmessage = async ({ data: request }) => {
  if (request.type === "cancel") {
    running.delete(request.id);
    return;
  }
  try {
    const answer = await ANSWERS[request.type](request);
    if (answer) postMessage(answer);
  } catch (error) {
    postMessage({ type: "failed", id: request.id, message: sentence(error) });
  }
};
