// A turn of each contender of web.py: draw point by point for some milliseconds -> {points, seconds}.
// For a page of Chromium, and for web_node.js. Each function here takes what the contender needs and gives its turns.

const TEMPERATURE = 0.4;
const LONGEST = 200; // points, for a model that does not end its sketches
const timed = (points, start) => ({ points, seconds: (performance.now() - start) / 1000 });

/** The page's own worker, asked as the page asks: `count` sketches side by side, one after another. */
function workerTurns(source, document) {
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  const ask = (request, onPoints) =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => {
        if (data.type === "points") onPoints(data.points.length);
        else if (data.type === "failed") reject(new Error(data.message));
        else resolve(data);
      };
      worker.postMessage({ ...request, id: 0 });
    });
  const opened = ask({ type: "open", model: 0, document });
  let seed = 0;
  return async (milliseconds, count) => {
    await opened;
    const start = performance.now();
    let points = 0;
    while (performance.now() - start < milliseconds) {
      const draw = { type: "draw", model: 0, count, temperature: TEMPERATURE, seed: seed++, maxPoints: LONGEST };
      const { ended } = await ask(draw, (more) => (points += more));
      points += ended.filter(Boolean).length; // the step that says so
    }
    return timed(points, start);
  };
}

/** `engine.js` itself, in the thread that calls. */
function engineTurns({ Drawing, Model }, document) {
  const model = new Model(document);
  let seed = 0;
  return (milliseconds, count) => {
    const start = performance.now();
    let points = 0;
    while (performance.now() - start < milliseconds) {
      const drawing = new Drawing(model, { count, temperature: TEMPERATURE, seed: seed++, maxPoints: LONGEST });
      while (!drawing.finished) points += drawing.step().length;
      points += drawing.ended.filter(Boolean).length;
    }
    return timed(points, start);
  };
}

/** @magenta/sketch, as its demos drive it. Its backend "cpu" is its fastest here: see web.py. */
function sketchTurns(SketchRNN, [info, shapes, weights]) {
  const model = new SketchRNN("");
  model.instantiateFromJSON(info, shapes, weights);
  model.setPixelFactor(1);
  return (milliseconds) => {
    const start = performance.now();
    let points = 0;
    while (performance.now() - start < milliseconds) {
      let [state, point] = [model.zeroState(), model.zeroInput()];
      for (let k = 0; k < LONGEST && !point[4]; k++) {
        state = model.update(point, state);
        point = model.sample(model.getPDF(state, TEMPERATURE));
        points += 1;
      }
    }
    return timed(points, start);
  };
}
