/**
 * NumPy's random numbers: the same seed draws the same sketch here as in Python.
 *
 * Enters: a seed, a stream and an index, as `streams.generator` in Python takes them. Leaves: uniforms and standard
 * normals, equal to those of `numpy.random.default_rng([seed, index, stream])` to the last digit or two.
 *
 * Sources: M. O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random Number
 * Generation" (PCG XSL RR 128/64) and her seed_seq_fe, which NumPy's SeedSequence is; J. A. Doornik, "An Improved
 * Ziggurat Method to Generate Normal Random Samples", with 256 layers. No package brings NumPy's generator to a browser.
 */

/** What a random number is for; the values of `streams.Stream` in Python. */
export const STREAMS = { SKETCH_LATENT: 7, SKETCH_CHOICE: 8, SKETCH_OFFSET: 9 };

const MASK_64 = (1n << 64n) - 1n;
const MASK_128 = (1n << 128n) - 1n;
const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;
const TWO_TO_52 = 2 ** 52;
const LAST_UNIFORM = 1 - 2 ** -24; // the largest float32 below 1

/** Four uint64 as BigInt from a few uint32: SeedSequence(words).generate_state(4, uint64). */
function seedState(words) {
  let constant = 0x43b0d7e5;
  const hash = (value) => {
    value ^= constant;
    constant = Math.imul(constant, 0x931e8875);
    value = Math.imul(value, constant);
    return (value ^ (value >>> 16)) >>> 0;
  };
  const mix = (x, y) => {
    const mixed = Math.imul(x, 0xca01f9dd) - Math.imul(y, 0x4973f715);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
  const pool = [0, 1, 2, 3].map((k) => hash(k < words.length ? words[k] : 0));
  for (let source = 0; source < 4; source++) {
    for (let target = 0; target < 4; target++) {
      if (source !== target) pool[target] = mix(pool[target], hash(pool[source]));
    }
  }
  for (const word of words.slice(4)) {
    for (let target = 0; target < 4; target++) pool[target] = mix(pool[target], hash(word));
  }
  constant = 0x8b51f9dd;
  const state = Array.from({ length: 8 }, (_, k) => {
    let value = pool[k % 4] ^ constant;
    constant = Math.imul(constant, 0x58f38ded);
    value = Math.imul(value, constant);
    return BigInt((value ^ (value >>> 16)) >>> 0);
  });
  return [0, 2, 4, 6].map((k) => state[k] | (state[k + 1] << 32n));
}

/** The layers of the ziggurat: widths by 2^-52, bounds of the quick acceptance, heights. */
function ziggurat() {
  const [r, area, layers] = [3.6541528853610087963519472518, 0.0049286732339746519, 256];
  const density = (x) => Math.exp(-0.5 * x * x);
  const [width, bound, height] = [0, 1, 2].map(() => new Float64Array(layers));
  let x = r;
  width[0] = area / density(r) / TWO_TO_52;
  bound[0] = ((r * density(r)) / area) * TWO_TO_52;
  height[0] = 1;
  for (let k = layers - 1; k >= 1; k--) {
    width[k] = x / TWO_TO_52;
    height[k] = density(x);
    const next = k > 1 ? Math.sqrt(-2 * Math.log(area / x + density(x))) : 0;
    bound[k] = (next / x) * TWO_TO_52;
    x = next;
  }
  return { r, width, bound, height };
}

const ZIGGURAT = ziggurat();

/** `numpy.random.default_rng([seed, index, stream])`. */
export class Generator {
  #state = 0n;
  #increment;

  /**
   * @param {number} seed the user's, from 0 to 2^32 - 1
   * @param {number} stream one of `STREAMS`
   * @param {number} index the sketch
   */
  constructor(seed, stream, index) {
    const [high, low, sequenceHigh, sequenceLow] = seedState([seed >>> 0, index >>> 0, stream]);
    this.#increment = ((((sequenceHigh << 64n) | sequenceLow) << 1n) | 1n) & MASK_128;
    this.#advance();
    this.#state = (this.#state + ((high << 64n) | low)) & MASK_128;
    this.#advance();
  }

  #advance() {
    this.#state = (this.#state * MULTIPLIER + this.#increment) & MASK_128;
  }

  #bits() {
    this.#advance();
    const [high, low] = [this.#state >> 64n, this.#state & MASK_64];
    const [value, turn] = [high ^ low, high >> 58n];
    return ((value >> turn) | (value << (64n - turn))) & MASK_64;
  }

  /** A number in [0, 1): `Generator.random()`. */
  uniform() {
    return Number(this.#bits() >> 11n) / 2 ** 53;
  }

  /** A draw from N(0, 1): `Generator.standard_normal()`. */
  normal() {
    const { r, width, bound, height } = ZIGGURAT;
    for (;;) {
      const bits = this.#bits();
      const layer = Number(bits & 0xffn);
      const magnitude = Number((bits >> 9n) & 0xfffffffffffffn);
      const x = magnitude * width[layer] * ((bits >> 8n) & 1n ? -1 : 1);
      if (magnitude < bound[layer]) return x;
      if (layer === 0) {
        for (;;) {
          const beyond = -Math.log1p(-this.uniform()) / r;
          const level = -Math.log1p(-this.uniform());
          if (level + level > beyond * beyond) return (bits >> 17n) & 1n ? -(r + beyond) : r + beyond;
        }
      }
      const between = (height[layer - 1] - height[layer]) * this.uniform() + height[layer];
      if (between < Math.exp(-0.5 * x * x)) return x;
    }
  }
}

/**
 * The code of sketch `index`, drawn from N(0, I): `sampling._code`.
 * @returns {Float32Array} `[N_z]`
 */
export function sketchCode(seed, index, size) {
  const generator = new Generator(seed, STREAMS.SKETCH_LATENT, index);
  return Float32Array.from({ length: size }, () => generator.normal());
}

/** The random numbers of sketch `index`, step by step: `sampling._noise`. */
export class SketchNoise {
  #choice;
  #offset;

  constructor(seed, index) {
    this.#choice = new Generator(seed, STREAMS.SKETCH_CHOICE, index);
    this.#offset = new Generator(seed, STREAMS.SKETCH_OFFSET, index);
  }

  /** Those of the next step: uniforms for the component and the pen, normals for the two directions. */
  next() {
    const uniform = () => Math.fround(Math.min(this.#choice.uniform(), LAST_UNIFORM));
    const normal = () => Math.fround(this.#offset.normal());
    return { component: uniform(), pen: uniform(), x: normal(), y: normal() };
  }
}
