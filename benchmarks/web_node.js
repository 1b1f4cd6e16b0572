// A contender of web.py in Node: node web_node.js FOLDER ours|theirs MILLISECONDS. A turn for each line of its input.
const { readFileSync } = require("fs");
const { createRequire } = require("module");

const [folder, who, milliseconds] = process.argv.slice(2);
const read = (name) => JSON.parse(readFileSync(`${folder}/${name}`));
const load = (file, names) => new Function(`${readFileSync(file, "utf8")}\nreturn { ${names} };`)();
const { engineTurns, sketchTurns } = load(`${__dirname}/web_turns.js`, "engineTurns, sketchTurns");

function theirs() {
  const fromFolder = createRequire(`${folder}/`);
  console.log = console.warn = () => {};
  fromFolder("@tensorflow/tfjs");
  return sketchTurns(fromFolder("@magenta/sketch/es5/sketch_rnn/model.js").SketchRNN, read("model.gen.json"));
}

const ours = () => engineTurns(load(`${folder}/engine.js`, "Drawing, Model"), read("document.json"));
const turn = { ours, theirs }[who]();
require("readline")
  .createInterface({ input: process.stdin })
  .on("line", () => process.stdout.write(`${JSON.stringify(turn(Number(milliseconds), 1))}\n`));
