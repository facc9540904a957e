"""The kitten autoencoders that 03_vae ships, each 16 numbers a kitten.

python benchmarks/vae.py train:NAME:SECONDS   one of NETWORKS, by the clock on the wall; writes
                                              data/pretrained/vae_NAME.npz (float16)

Trained on 20,000 drawn kittens (seed 300) that no other data set shares, none of them mirrored: the light in a drawn
kitten's eyes is on one side. 03_vae measures them on kittens of other seeds.
"""

import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import kittens, models, runtime, training  # noqa: E402
from aigc_utils.runtime import keras  # noqa: E402
from benchmarks.budget import cosine  # noqa: E402
from benchmarks.stickers_model import load_half, save_half  # noqa: E402

LATENT_DIM, RATE, BATCH = 16, 3e-3, 32
TRAINED_ON = 20_000, 300  # kittens, seed
NETWORKS = {"plain": None, "beta1": 1.0, "beta8": 8.0}  # name -> weight of the KL term; None: there is none


def networks():
    """Return encoder and decoder of a kitten in LATENT_DIM numbers, untrained."""
    return models.encoder(LATENT_DIM, widths=(16, 32, 48)), models.decoder(LATENT_DIM, (48, 32, 24))


def whole_of(encoder, decoder):
    """Return one network from images to [mean, log_var, decoded mean], whose weights are those of both."""
    return keras.Model(encoder.input, [*encoder.output, decoder(encoder.output[0])])


def load(name):
    """Return encoder and decoder with shipped weights: "plain", "beta1" or "beta8"."""
    encoder, decoder = networks()
    load_half(whole_of(encoder, decoder), runtime.shipped("pretrained", f"vae_{name}.npz"))
    return encoder, decoder


def learner(name, seed=0):
    """Return the model to fit, untrained, of one of NETWORKS; it has an ``encoder`` and a ``decoder``."""
    keras.utils.set_random_seed(seed)
    encoder, decoder = networks()
    if NETWORKS[name] is not None:
        return training.VAE(encoder, decoder, NETWORKS[name], seed)
    plain = keras.Model(encoder.input, decoder(encoder.output[0]), name="plain")
    plain.encoder, plain.decoder = encoder, decoder
    return plain


def train(name, seconds, images):
    """Train one of NETWORKS on uint8 images for so many seconds by the clock; returns (model, kittens it saw)."""
    model, steps = learner(name), 100
    optimizer = keras.optimizers.Adam(RATE)
    fall = training.WithinTime(float(seconds), [optimizer], factor=cosine)
    if NETWORKS[name] is None:
        model.compile(optimizer, "mse")
        pairs = training.batches(images, BATCH, flip=False).map(lambda image: (image, image))
        model.fit(pairs, epochs=10**5, steps_per_epoch=steps, callbacks=[fall], verbose=0)
    else:
        model.compile(optimizer)
        training.fit(model, images, 10**5 * steps, steps, BATCH, flip=False, callbacks=[fall])
    return model, int(optimizer.iterations.numpy()) * BATCH


def main():
    """Train and ship the network that the command line names."""
    _, name, seconds = sys.argv[1].split(":")
    begin = time.process_time()
    model, seen = train(name, seconds, kittens.sample(*TRAINED_ON)[0])
    save_half(whole_of(model.encoder, model.decoder), HERE.parent / "data" / "pretrained" / f"vae_{name}.npz")
    print(f"{name}: {seen:,} kittens, {seconds} s by the clock, {time.process_time() - begin:.0f} CPU seconds")


if __name__ == "__main__":
    runtime.start()
    main()
