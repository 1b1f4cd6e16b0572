"""One training step, data included: ours against the same model on the LSTM layers of Keras and PyTorch.

Prints a Markdown table. The peers are written from the public documentation of their libraries, share our loss and our
data, run in the way that is fastest for each, and have less to do than ours: Keras' dropout falls on the recurrent
state, with one mask for all steps, and the others have none; PyTorch's encoder runs over the padding too.
"""

import numpy as np
from harness import chosen, compare, gflops, has, machine, median, parser, ratio, serve, sgemm, share, table

OURS = {
    "ours": {},
    "ours, layer_norm on both sides": {"enc_model": "layer_norm", "dec_model": "layer_norm"},
    "ours, hyper decoder": {"dec_model": "hyper"},
    "ours, JAX": {},
    "ours, JAX, layer_norm on both sides": {"enc_model": "layer_norm", "dec_model": "layer_norm"},
    "ours, JAX, hyper decoder": {"dec_model": "hyper"},
}
PEERS = ["Keras LSTM(recurrent_dropout=0.1)", "Keras LSTM, no dropout", "PyTorch LSTM, no dropout"]


def data_options(options):
    """Adds the options that say what a batch holds."""
    options.add_argument("--data", help="a data set; synthetic sketches by default")
    options.add_argument("--batch-size", type=int, default=100)
    options.add_argument("--max-seq-len", type=int, default=250, help="of the synthetic sketches")
    options.add_argument("--mean-length", type=int, default=125, help="of the synthetic sketches")
    return options


def arguments(**more):
    """The options of a step's sizes; `more` adds some, by name with their help."""
    options = data_options(parser(__doc__))
    for name, text in more.items():
        options.add_argument(f"--{name}", help=text)
    options.add_argument("--dec-rnn-size", type=int, default=512)
    options.add_argument("--enc-rnn-size", type=int, default=256)
    return options.parse_args()


def training_split(options):
    """`(split, N_max, scale factor)` of the file, or of synthetic sketches of `aaron_sheep`'s lengths."""
    from sketch_rnn_keras.data.datasets import Split, load_dataset

    if options.data:
        dataset = load_dataset(options.data)
        return dataset.train, dataset.max_seq_len, dataset.scale_factor
    rng, longest = np.random.default_rng(0), options.max_seq_len
    lengths = np.clip(rng.normal(options.mean_length, 0.4 * options.mean_length, 2000), 5, longest).astype("int64")
    offsets = rng.normal(size=(lengths.sum(), 3)).astype("float32")
    offsets[:, 2] = rng.random(len(offsets)) < 0.1
    return Split(offsets, np.cumsum(lengths) - lengths, lengths), longest, 1.0


def gflop(hparams, lengths) -> float:
    """Multiplications and additions of the matrix products of one step, forward and backward, without padding."""

    def cell(kind, units, inputs):
        weights = (inputs + units) * 4 * units
        if kind == "hyper":
            weights += (inputs + units + 256) * 4 * 256 + 256 * 12 * 32 + 12 * 32 * units
        return weights

    decoder = cell(hparams.dec_model, hparams.dec_rnn_size, 5) + hparams.dec_rnn_size * (6 * hparams.num_mixture + 3)
    encoder = 2 * cell(hparams.enc_model, hparams.enc_rnn_size, 5)
    return 6e-9 * (len(lengths) * hparams.max_seq_len * decoder + int(lengths.sum()) * encoder)


def our_step(options, changes):
    from sketch_rnn_keras import SketchRNN
    from sketch_rnn_keras.backends import backend
    from sketch_rnn_keras.model.optimizer import make_optimizer
    from sketch_rnn_keras.training.loop import objective

    hparams, data = setting(options, changes)
    backend().prepare_training()  # as the command does
    model = SketchRNN(hparams)
    update = backend().compiled_update(model, make_optimizer(hparams), objective(model))
    rng, seeds = np.random.default_rng(2), iter(range(10**6))

    def step():
        batch = next(data)
        noise = rng.standard_normal((options.batch_size, hparams.z_size), dtype="float32")
        float(update(*batch, noise, np.int32(next(seeds)), np.float32(0.5))["recon"])
        return {"gflop": gflop(hparams, batch.lengths)}

    return step


def setting(options, changes=()):
    """The hyperparameters and an endless iterator over augmented batches."""
    from sketch_rnn_keras import HParams
    from sketch_rnn_keras.data.batches import training_batches

    split, longest, scale_factor = training_split(options)
    sizes = {"dec_rnn_size": options.dec_rnn_size, "enc_rnn_size": options.enc_rnn_size}
    shape = {"max_seq_len": longest, "batch_size": options.batch_size}
    hparams = HParams(**sizes, **shape, seed=1, num_steps=10**6, **dict(changes))
    return hparams, training_batches(split, hparams, scale_factor=scale_factor)


def keras_step(options, recurrent_dropout):
    """The model on `keras.layers.LSTM`, its training step compiled."""
    import keras
    import tensorflow as tf
    from keras import ops

    from sketch_rnn_keras.model import losses, mixture

    hparams, data = setting(options)
    kind = {"recurrent_dropout": recurrent_dropout, "use_cudnn": "auto"}
    encoder = keras.layers.Bidirectional(keras.layers.LSTM(hparams.enc_rnn_size, **kind))
    decoder = keras.layers.LSTM(hparams.dec_rnn_size, return_sequences=True, **kind)
    dense = [keras.layers.Dense(n) for n in (hparams.z_size, hparams.z_size, 2 * hparams.dec_rnn_size, 123)]
    optimizer = keras.optimizers.Adam(1e-3, epsilon=1e-8, clipvalue=1.0)

    def cost(strokes5, lengths, noise):
        mask = ops.arange(hparams.max_seq_len)[None, :] < lengths[:, None]
        h = encoder(strokes5[:, 1:], mask=mask, training=True)
        mu, presigma = dense[0](h), dense[1](h)
        z = mu + ops.exp(presigma / 2) * noise
        state = ops.split(ops.tanh(dense[2](z)), 2, axis=-1)
        tiled = ops.repeat(z[:, None], hparams.max_seq_len, axis=1)
        h = decoder(ops.concatenate([strokes5[:, :-1], tiled], axis=-1), initial_state=state, training=True)
        predicted, target = mixture.from_raw(dense[3](h)), strokes5[:, 1:]
        recon = losses.offset_loss(predicted, target) + losses.pen_losses(predicted, target)[0]
        return recon + 0.5 * losses.kl_loss(mu, presigma), recon

    def update(strokes5, lengths, noise):
        with tf.GradientTape() as tape:
            total, recon = cost(strokes5, lengths, noise)
        variables = [v for layer in (encoder, decoder, *dense) for v in layer.trainable_variables]
        optimizer.apply(tape.gradient(total, [v.value for v in variables]), variables)
        return recon

    first = next(data)
    cost(*map(tf.constant, first), tf.zeros((options.batch_size, hparams.z_size)))  # builds the layers
    optimizer.build([v for layer in (encoder, decoder, *dense) for v in layer.trainable_variables])
    jit_compile = recurrent_dropout > 0  # each in the way that is faster for it: XLA with dropout, the graph without
    compiled, rng = tf.function(update, jit_compile=jit_compile, autograph=False), np.random.default_rng(2)

    def step():
        batch = next(data)
        float(compiled(*batch, rng.standard_normal((options.batch_size, hparams.z_size), dtype="float32")))
        return {"gflop": gflop(hparams, batch.lengths)}

    return step


def torch_step(options):
    """The model on `torch.nn.LSTM`, with PyTorch's own distributions' formulas written out."""
    import torch
    from torch import nn

    torch.set_flush_denormal(True)  # before its threads start; without it a step takes four times as long
    torch.backends.mkldnn.set_flags(False)  # its own LSTM is a little faster here
    hparams, data = setting(options)
    encoder = nn.LSTM(5, hparams.enc_rnn_size, bidirectional=True, batch_first=True)
    decoder = nn.LSTM(5 + hparams.z_size, hparams.dec_rnn_size, batch_first=True)
    widths = [(2 * hparams.enc_rnn_size, hparams.z_size)] * 2
    widths += [(hparams.z_size, 2 * hparams.dec_rnn_size), (hparams.dec_rnn_size, 123)]
    dense = nn.ModuleList(nn.Linear(*width) for width in widths)
    parameters = [*encoder.parameters(), *decoder.parameters(), *dense.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=1e-3, eps=1e-8)

    def reconstruction(raw, target):
        pen, log_pi, mu_x, mu_y, log_x, log_y, rho = raw.split([3] + [20] * 6, dim=-1)
        rho, dx, dy = torch.tanh(rho), target[..., :1], target[..., 1:2]
        x, y = (dx - mu_x) / log_x.exp(), (dy - mu_y) / log_y.exp()
        one = 1 - rho * rho
        log_density = -(x * x + y * y - 2 * rho * x * y) / (2 * one) - log_x - log_y - 0.5 * one.log() - 1.8378770664
        density = torch.logsumexp(torch.log_softmax(log_pi, -1) + log_density, -1).exp()
        offset = -((1 - target[..., 4]) * (density + 1e-6).log()).mean()
        return offset - (target[..., 2:] * torch.log_softmax(pen, -1)).sum(-1).mean()

    def step():
        batch = next(data)
        strokes5 = torch.as_tensor(batch.strokes5, device=torch.get_default_device())
        _, (h, _) = encoder(strokes5[:, 1:])
        h = torch.cat([h[0], h[1]], -1)
        mu, presigma = dense[0](h), dense[1](h)
        z = mu + (presigma / 2).exp() * torch.randn_like(mu)
        h0, c0 = torch.tanh(dense[2](z)).chunk(2, -1)
        tiled = z[:, None].expand(-1, hparams.max_seq_len, -1)
        start = (h0[None].contiguous(), c0[None].contiguous())
        out, _ = decoder(torch.cat([strokes5[:, :-1], tiled], -1), start)
        kl = -0.5 * (1 + presigma - mu * mu - presigma.exp()).mean()
        optimizer.zero_grad(set_to_none=True)
        (reconstruction(dense[3](out), strokes5[:, 1:]) + 0.5 * kl).backward()
        nn.utils.clip_grad_value_(parameters, 1.0)
        optimizer.step()
        return {"gflop": gflop(hparams, batch.lengths)}

    return step


def make_step(name, options):
    if name in OURS:
        return our_step(options, OURS[name])
    if name == PEERS[2]:
        return torch_step(options)
    return keras_step(options, 0.1 if name == PEERS[0] else 0.0)


def main():
    options = arguments()
    if options.contender:
        return serve(make_step(options.contender, options))
    available = {PEERS[0]: has("tensorflow"), PEERS[1]: has("tensorflow"), PEERS[2]: has("torch")}
    available |= {name: has("jax") for name in OURS if "JAX" in name}
    missing = [name for name, here in available.items() if not here]
    names = [name for name in chosen(options, [*OURS, *PEERS]) if name not in missing]
    contenders = compare(names, options.rounds)
    rows = []
    for contender in contenders:
        seconds = median(r["seconds"] for r in contender.results)
        rows.append(
            [
                contender.name,
                f"{seconds:.2f}",
                f"{ratio(contenders[0], contender):.2f}",
                f"{options.batch_size / seconds:.0f}",
                f"{gflops(contender):.0f}",
                f"{share(contender):.0%}",
                f"{contender.first:.1f}",
                f"{contender.results[-1]['peak'] / 2**30:.2f}",
                f"{median(r['faults'] for r in contender.results):,.0f}",
            ]
        )
    print(f"{machine()}; {sgemm(contenders)}")
    print(f"batch {options.batch_size}, {options.data or 'synthetic sketches'}, medians of {options.rounds} rounds\n")
    names = ["contender", "s/step", f"times {contenders[0].name}", "sketches/s", "GFLOP/s", "of sgemm"]
    print(table([*names, "first step, s", "peak GiB", "page faults"], rows))
    if missing:
        print(f"\nnot installed, not measured: {', '.join(missing)}")
    return None


if __name__ == "__main__":
    main()
