// Runs models in @magenta/sketch and prints what it computes, as JSON.
//
//   node sketch_js_client.js PACKAGES REQUEST
//
// PACKAGES is a node_modules folder. REQUEST is a JSON file: {gen, vae: paths, strokes: [[dx, dy, p1, p2, p3], ...]
// in pixels, z: [...]}. The client runs decoders only. For a VAE this file hands the client's own cell the weights that
// sketch-rnn-js takes for each of its parts (forward and backward encoder, decoder), and does the rest in plain
// arithmetic: the two projections of the encoder, and what z adds to the decoder's start and to its bias.
'use strict';

const fs = require('fs');
const path = require('path');

const [packages, request] = process.argv.slice(2);
console.log = () => {};
console.warn = () => {};
require(path.join(packages, '@tensorflow/tfjs'));
const tf = require(path.join(packages, '@tensorflow/tfjs-core'));
const {SketchRNN} = require(path.join(packages, '@magenta/sketch/es5/sketch_rnn/model.js'));
const support = require(path.join(packages, '@magenta/sketch/es5/core/sketch_support.js'));

const read = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));
const {gen, vae, strokes, z} = read(request);

// A model of the client, fed by the file's arrays of these numbers.
function client(info, shapes, blobs, order) {
  const model = new SketchRNN('');
  model.instantiateFromJSON(info, order.map((k) => shapes[k]), order.map((k) => blobs[k]));
  model.setPixelFactor(1.0);
  return model;
}

function mixtures(model, state) {
  return strokes.map((stroke) => {
    state = model.update(stroke, state);
    const {pi, muX, muY, sigmaX, sigmaY, corr, pen} = model.getPDF(state, 1.0, 1.0);
    const named = {pi, mu_x: muX, mu_y: muY, sigma_x: sigmaX, sigma_y: sigmaY.slice(0, 20), rho: corr, pen};
    return Object.fromEntries(Object.entries(named).map(([name, values]) => [name, Array.from(values)]));
  });
}

function runDecoder(file) {
  const [info, shapes, blobs] = read(file);
  const model = client(info, shapes, blobs, [0, 1, 2, 3, 4]);
  return mixtures(model, model.zeroState());
}

function runVae(file) {
  const [info, shapes, blobs] = read(file);
  const values = (k) => Array.from(support.stringToArray(blobs[k])).map((q) => 10.0 * q / 32767);
  const linear = (x, k) => {
    const [rows, width] = shapes[k], w = values(k), b = values(k + 1);
    return b.map((bias, j) => x.reduce((sum, value, i) => sum + value * w[i * width + j], bias));
  };

  const encode = (first, sequence) => {
    const model = client(info, shapes, blobs, [first + 1, first + 2, first, first + 1, first + 2]);
    return Array.from(model.updateStrokes(sequence, model.zeroState()).h);
  };
  const h = encode(0, strokes).concat(encode(3, strokes.slice().reverse()));
  const mu = linear(h, 6), presigma = linear(h, 8);

  const decoder = client(info, shapes, blobs, [12, 13, 14, 15, 16]);
  const units = shapes[15][0], kernel = values(14), bias = values(16);
  const squashed = info.version < 6 ? z.map(Math.tanh) : z;
  const start = linear(squashed, 10).map(Math.tanh);
  const rows = tf.tensor2d(kernel, shapes[14]);
  decoder.lstmKernel = tf.concat([rows.slice([0, 0], [5, 4 * units]), tf.tensor2d(values(15), shapes[15])]);
  const added = bias.map((b, j) => z.reduce((sum, value, i) => sum + value * kernel[(5 + i) * 4 * units + j], b));
  decoder.lstmBias = tf.tensor1d(added);
  const state = {c: new Float32Array(start.slice(0, units)), h: new Float32Array(start.slice(units))};
  return {mu, presigma, steps: mixtures(decoder, state)};
}

process.stdout.write(JSON.stringify({gen: runDecoder(gen), vae: runVae(vae)}));
