"""A search for better settings, ensembles, and what data and labels are worth. Writes tuning.json, for notebook 05b.

python benchmarks/tuning.py                     about 20 minutes of two cores
python benchmarks/tuning.py final sizes         these parts anew; the others stay as they are stored ("final" trains the
                                                members of the ensembles, and its discriminators are looked into)
TUNING_SHARE=0.05 python benchmarks/tuning.py   the same code with a twentieth of the seconds: build/tuning.toy.json

The networks are those of kittens.py with half as many channels, in float32: processors without instructions for
bfloat16 need several times as long with it, and a search is worth nothing if its trials are a few dozen steps long.
Every choice is made with validation kittens. Each decision has test kittens of its own, which nothing else has seen.
The settings of kittens.py (the default) are not a trial of the search: its best trial would then have been no worse by
construction. Search and final use different seeds, so that the luck of a trial does not come along.
"""

import base64
import functools
import itertools
import json
import math
import os
import statistics
import sys
import textwrap
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import data, kittens, losses, metrics, models, runtime, training  # noqa: E402
from aigc_utils.runtime import keras, tf  # noqa: E402
from aigc_utils.training import held_then_cosine  # noqa: E402

import kittens as bench  # noqa: E402
import numpy as np  # noqa: E402
import optuna  # noqa: E402
from budget import BUILD, CORES, Clock, Pieces, RateByClock, cosine  # noqa: E402

SHARE = float(os.environ.get("TUNING_SHARE", "1"))  # of the seconds; below 1: a toy
NAME = "tuning" if SHARE == 1 else "tuning.toy"
TRIALS, SEARCH_SECONDS, REPORT_EVERY, SEARCH_SEED = (20 if SHARE == 1 else 6), 12 * SHARE, 3 * SHARE, 0
FINAL_SECONDS, SEEDS = 25 * SHARE, (1, 2, 3, 4, 5)
TEST_SEEDS = {"final": 101, "ensembles": 102, "sizes": 42, "label_noise": 42}  # of 2,000 kittens for each decision
LOOKED_AT = 60  # kittens that a discriminator is asked about
PATCH = 4  # pixels: the side of an occluding patch
PLANTED = 20  # reconstructions of training kittens among the samples that are audited
SIZES, SIZE_SECONDS = (60, 500, 4500), 16 * SHARE  # the audit compares with 50 images at least
NOISES, LABEL_SECONDS = (0.0, 0.1, 0.2, 0.4, 0.8), 6 * SHARE
REPEATS = SEEDS[:3] if SHARE == 1 else SEEDS[:1]  # of the last two parts
EPOCH_IMAGES = max(64, round(800 * SHARE))  # how often the clock is looked at
SHRINK, SAMPLES, NEIGHBOURS_SAMPLES, SAMPLE_SEED = 2, 2000, 1000, 1
LATENT_DIM, CLASSES = 16, (len(kittens.CHOICES["fur"]), len(kittens.CHOICES["eyes"]))
SAMPLER = "TPE, 8 random trials first, seed = number of finished trials"
PRUNER = "median of the earlier trials at the same time, from the 6th trial and half of the budget on"

COLUMNS = (("test", ".2f"), ("precision", ".2f"), ("recall", ".2f"))
SIZE_COLUMNS = (
    ("Fréchet, test", "test", ".1f"),
    ("same count, trained on", "train", ".1f"),
    ("same count, test", "test_same_count", ".1f"),
    ("precision", "precision", ".2f"),
    ("recall", "recall", ".2f"),
    ("bound, trained on", "train_bound", ".3f"),
    ("bound, test", "test_bound", ".3f"),
)


def suggest(trial):
    """Return settings like `kittens.OURS`, drawn by an Optuna trial."""
    return {
        "learning_rate": trial.suggest_float("learning_rate", 5e-4, 8e-3, log=True),
        "rate_ratio": trial.suggest_float("rate_ratio", 0.25, 4.0, log=True),
        "r1_gamma": trial.suggest_float("r1_gamma", 0.3, 30.0, log=True),
        "ema_steps": trial.suggest_float("ema_steps", 10.0, 200.0, log=True),
        "batch_size": trial.suggest_categorical("batch_size", [16, 32, 64]),
        "style_width": trial.suggest_categorical("style_width", [64, 128, 256]),
    }


def fit(model, clock, optimizers, factor, images, batch_size, **options):
    """Train for as long as the clock allows."""
    steps = max(1, EPOCH_IMAGES // batch_size)
    rates = RateByClock(clock, optimizers, factor)
    training.fit(model, images, 10**4 * steps, steps, batch_size, callbacks=[rates, clock], **options)


def train_gan(settings, seconds, seed, images, measure=lambda gan, seconds: 0.0, every=math.inf, before=lambda gan: 0):
    """Return a GAN trained for so many seconds, its clock, and what ``before`` says of the GAN that is not trained."""
    keras.utils.set_random_seed(seed)
    rate = settings["learning_rate"]
    networks, options, optimizers = bench.our_parts(settings, (rate, rate * settings["rate_ratio"]), SHRINK)
    gan = training.GAN(*networks, seed=seed)
    gan.compile(*optimizers, **options)
    said = before(gan)
    clock = Clock(seconds, measure, every, charge_first=True)
    fit(gan, clock, optimizers, held_then_cosine, images, settings["batch_size"])
    return gan, clock, said


class Laboratory:
    """The images, the network to measure with, and the real features."""

    def __init__(self):
        keras.config.set_dtype_policy("float32")
        self.network = metrics.feature_network("kitten_factors")
        self.images, self.table = kittens.sample(4500, seed=0)
        self.validation_images, self.validation_table = kittens.sample(1000, seed=41)
        self.validation = self.network.features(self.validation_images)

    @functools.cached_property
    def looked_at(self):
        """Return (pictures float32 (n, 32, 32, 3), {factor: the pixels that it changes (n, 32, 32)}) of kittens."""
        rows = self.validation_table.head(LOOKED_AT).to_dict("records")
        masks = {factor: np.stack([changed_pixels(row, factor) for row in rows]) for factor in ("eyes", "background")}
        return self.validation_images[:LOOKED_AT].astype(np.float32) / 127.5 - 1, masks

    @functools.cache  # noqa: B019  there is one laboratory
    def test(self, decision):
        """Return (images, features) of the test kittens of one decision, a key of ``TEST_SEEDS``."""
        images = kittens.sample(2000, seed=TEST_SEEDS[decision])[0]
        return images, self.network.features(images)

    def labels(self):
        """Return the true classes of fur and eyes, int32 (n, 2)."""
        names = ("fur", "eyes")
        indices = [[kittens.CHOICES[name].index(value) for value in self.table[name]] for name in names]
        return np.array(indices, np.int32).T

    def to_validation(self, gan):
        """Return the Fréchet distance of as many samples as there are validation kittens from them."""
        samples = training.sample(gan.generator, len(self.validation), SAMPLE_SEED)
        return metrics.frechet_distance(self.validation, self.network.features(samples))

    def versus_test(self, features, decision):
        """Return {test, precision, recall} of a generator's features against the test kittens of a decision."""
        _, real = self.test(decision)
        precision, recall = metrics.precision_recall(real[:NEIGHBOURS_SAMPLES], features[:NEIGHBOURS_SAMPLES])
        test = metrics.frechet_distance(real, features)
        return {"test": round(test, 3), "precision": round(precision, 4), "recall": round(recall, 4)}


# --- search ----------------------------------------------------------------------------------------------------------


def storage():
    """Return the address of the search's database."""
    return f"sqlite:///{(BUILD / f'{NAME}.db').as_posix()}"


def open_study():
    """Return the study in build/, new or as a stopped bench left it; the trial that was under way counts as failed."""
    pruner = optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=2)
    study = optuna.create_study(storage=storage(), study_name=NAME, pruner=pruner, load_if_exists=True)
    for trial in study.get_trials(states=[optuna.trial.TrialState.RUNNING]):
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    return study


def finished(study):
    """Return the trials that count."""
    states = optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED
    return study.get_trials(deepcopy=False, states=states)


def objective(trial, lab):
    """Return the Fréchet distance to the validation kittens after SEARCH_SECONDS of training, unless pruned before."""
    begin, settings = time.process_time(), suggest(trial)

    def measure(gan, seconds):
        distance = lab.to_validation(gan)
        trial.report(distance, int(seconds // REPORT_EVERY))  # how many times it was due
        trial.set_user_attr("seconds", round(seconds, 2))
        trial.set_user_attr("cost", (time.process_time() - begin) / CORES)
        if not gan.stop_training and trial.should_prune():
            raise optuna.TrialPruned()
        return distance

    try:
        _, clock, _ = train_gan(settings, SEARCH_SECONDS, SEARCH_SEED, lab.images, measure, REPORT_EVERY)
    except FloatingPointError as error:  # settings that diverge are a result, and a bad one
        trial.set_user_attr("diverged", str(error))
        raise optuna.TrialPruned() from error
    return clock.curve[-1][1]


def trial_row(trial):
    """Return what tuning.json holds of a trial; intermediate values by the seconds they were due at."""
    intermediate = {f"{step * REPORT_EVERY:g}": round(value, 3) for step, value in trial.intermediate_values.items()}
    pruned = trial.state == optuna.trial.TrialState.PRUNED
    return {
        "number": trial.number,
        "state": trial.state.name,
        "params": {name: round(value, 5) for name, value in trial.params.items()},
        "value": None if pruned else round(trial.value, 3),
        "intermediate": intermediate,
        "seconds": trial.user_attrs.get("seconds", 0.0),
    }


def search(lab, pieces):
    """Search, going on where a stopped bench left off; returns the part "search" and the seconds that it cost."""
    study = open_study()
    while len(finished(study)) < TRIALS:
        number = len(finished(study))
        study.sampler = optuna.samplers.TPESampler(seed=SEARCH_SEED + number, n_startup_trials=8)
        study.optimize(lambda trial: objective(trial, lab), n_trials=1)
        row = trial_row(finished(study)[-1])
        print(row, flush=True)
    rows = [trial_row(trial) for trial in finished(study)]

    def default_value():
        _, clock, _ = train_gan(
            bench.OURS, SEARCH_SECONDS, SEARCH_SEED, lab.images, lambda gan, _: lab.to_validation(gan), REPORT_EVERY
        )
        return {"value": clock.curve[-1][1], "curve": clock.curve, "steps": int(clock.model.step)}

    default = pieces.get("default in the search", default_value)
    part = {
        "budget_seconds": SEARCH_SECONDS,
        "report_seconds": REPORT_EVERY,
        "trials": rows,
        "default_params": bench.OURS,
        "default_value": default["value"],
        "default_curve": default["curve"],
        "best_params": {name: round(value, 5) for name, value in study.best_params.items()},
        "objective": "Fréchet distance of 1,000 samples to the 1,000 validation kittens when the budget is used up, "
        "one seed; lower is better",
        "sampler": SAMPLER,
        "pruner": PRUNER,
        "default_is_a_trial": False,
    }
    return part, sum(trial.user_attrs.get("cost", 0.0) for trial in finished(study))


# --- final and ensembles ---------------------------------------------------------------------------------------------


def features_path(recipe, seed):
    """Return where the features of a final generator's samples lie."""
    return BUILD / NAME / f"{recipe}_{seed}.npy"


def final_run(recipe, settings, seed, lab):
    """Train one of the two with one seed; returns its row, with what its discriminator looks at, trained and not."""
    gan, clock, untrained = train_gan(
        settings, FINAL_SECONDS, seed, lab.images, before=lambda gan: looks(gan.discriminator, *lab.looked_at)
    )
    features = lab.network.features(training.sample(gan.generator, SAMPLES, SAMPLE_SEED))
    features_path(recipe, seed).parent.mkdir(exist_ok=True)
    np.save(features_path(recipe, seed), features)
    validation = metrics.frechet_distance(lab.validation, features[: len(lab.validation)])
    test = metrics.frechet_distance(lab.test("final")[1], features)
    row = {"recipe": recipe, "seed": seed, "validation": round(validation, 3), "test": round(test, 3)}
    row |= {"seconds": round(clock.seconds, 2), "steps": int(clock.model.step)}
    row["looks"] = {"untrained": untrained, "trained": looks(gan.discriminator, *lab.looked_at)}
    return row | ({"maps": maps_as_text(gan.discriminator, lab)} if (recipe, seed) == ("default", SEEDS[0]) else {})


def maps_as_text(discriminator, lab, count=8):
    """Return {"gradient" or "occlusion": base64 of bytes (count, 32, 32)}: 255 where a discriminator looks most."""
    pictures, found = lab.looked_at[0][:count], {}
    for name, make in (("gradient", gradient_map), ("occlusion", occlusion_map)):
        maps = make(discriminator, pictures)
        found[name] = base64.b64encode((255 * maps / maps.max((1, 2), keepdims=True)).astype(np.uint8)).decode()
    return found


def changed_pixels(row, factor):
    """Return which pixels (32, 32) of a kitten change if one factor changes."""
    choices = kittens.CHOICES[factor]
    other = choices[(choices.index(row[factor]) + 1) % len(choices)]
    return (np.abs(kittens.draw(row) - kittens.draw({**row, factor: other}).astype(int)) > 8).any(axis=-1)


def gradient_map(discriminator, pictures):
    """Return how much each pixel moves the logit of its picture: the gradient's size, (n, side, side)."""
    with tf.GradientTape() as tape:
        tape.watch(pictures := tf.constant(pictures))
        logits = discriminator(pictures)
    return np.abs(tape.gradient(logits, pictures).numpy()).sum(axis=-1)


def occlusion_map(discriminator, pictures, patch=PATCH):
    """Return how far the logit moves if a patch is painted over with its picture's mean colour, (n, side, side)."""
    before, change = np.asarray(discriminator(pictures))[:, 0], np.zeros(pictures.shape[:3])
    for top in range(0, pictures.shape[1], patch):
        for left in range(0, pictures.shape[2], patch):
            place, covered = np.s_[:, top : top + patch, left : left + patch], pictures.copy()
            covered[place] = pictures.mean(axis=(1, 2), keepdims=True)
            change[place] = np.abs(before - np.asarray(discriminator(covered))[:, 0])[:, None, None]
    return change


def concentration(maps, mask):
    """Return the mean share of maps (n, side, side) inside a mask of that shape, over the mask's share of the area."""
    return float(np.mean((maps * mask).sum((1, 2)) / maps.sum((1, 2))) / mask.mean())


def looks(discriminator, pictures, masks):
    """Return {"gradient" or "occlusion": {region: concentration}} of a discriminator."""
    maps = {"gradient": gradient_map(discriminator, pictures), "occlusion": occlusion_map(discriminator, pictures)}
    return {kind: {name: round(concentration(m, mask), 4) for name, mask in masks.items()} for kind, m in maps.items()}


def mixture(parts):
    """Return one row of each part in turn: as many rows as one part has, from all parts alike (one row more or less).

    Member k of m gives its rows k, k + m, k + 2m, …, so that no latent vector counts twice.
    """
    mixed = np.array(parts[0])
    for k, part in enumerate(parts):
        mixed[k :: len(parts)] = part[k :: len(parts)]
    return mixed


def ensembles(recipe, lab):
    """Return the rows of all mixtures of final generators of a recipe."""
    parts = {seed: np.load(features_path(recipe, seed)) for seed in SEEDS}
    rows = []
    for members in range(1, len(SEEDS) + 1):
        for which in itertools.combinations(SEEDS, members):
            mixed = mixture([parts[seed] for seed in which])
            validation = metrics.frechet_distance(lab.validation, mixed[: len(lab.validation)])
            figures = {"validation": round(validation, 3), **lab.versus_test(mixed, "ensembles")}
            rows.append({"members": members, **figures, "which": list(which)})
    return {"recipe": recipe, "real": lab.versus_test(lab.validation, "ensembles"), "rows": rows}


# --- data and labels -------------------------------------------------------------------------------------------------


def train_vae(classes, seconds, seed, images, labels=None):
    """Return the VAE of 03_vae, with classes the conditional one, trained for so many seconds."""
    keras.utils.set_random_seed(seed)
    encoder = models.encoder(LATENT_DIM, widths=(16, 32, 48), classes=classes)
    vae = training.VAE(encoder, models.decoder(LATENT_DIM, (48, 32, 24), classes=classes), beta=4.0, seed=seed)
    vae.compile(keras.optimizers.Adam(3e-3))
    clock = Clock(seconds, lambda vae, seconds: 0.0, math.inf, charge_first=True)
    fit(vae, clock, [vae.optimizer], cosine, images, min(64, len(images)), labels=labels)
    return vae


def bound(vae, images):
    """Return the evidence lower bound of images in nats a value (03_vae, equation 1): higher is better."""
    images = images.astype(np.float32) / 127.5 - 1
    latent, mean, log_var = vae.encode(tf.constant(images))
    likelihood = losses.gaussian_log_likelihood(images, vae(latent), vae.noise_log_var)
    return -float(losses.negative_elbo(likelihood, losses.gaussian_kl(mean, log_var))) / images[0].size


def size_run(count, seed, lab):
    """Train a VAE, which learns fast, on the first ``count`` kittens; returns the row of distances and of the audit."""
    images = lab.images[:count]
    vae = train_vae((), SIZE_SECONDS, seed, images)
    samples = training.sample(vae.decoder, SAMPLES, SAMPLE_SEED)
    features = lab.network.features(samples)
    alike = min(count, SAMPLES)  # the distance to n images grows as n falls: compare the same n, trained on and not
    test_images, test = lab.test("sizes")
    return {
        "images": count,
        "seed": seed,
        **lab.versus_test(features, "sizes"),
        "train": round(metrics.frechet_distance(lab.network.features(images[:alike]), features), 3),
        "test_same_count": round(metrics.frechet_distance(test[:alike], features), 3),
        "train_bound": round(bound(vae, images[:alike]), 4),
        "test_bound": round(bound(vae, test_images), 4),
        "steps": int(vae.step),
        **audited(vae, samples[:NEIGHBOURS_SAMPLES], images, lab.validation_images, seed),
    }


def reconstructed(vae, images):
    """Return what a VAE makes of images from their mean codes: copies as blurred as its samples are, uint8."""
    images = images.astype(np.float32) / 127.5 - 1
    return data.to_uint8(vae(vae.encode(tf.constant(images))[1]).numpy())


def audited(vae, samples, images, held_out, seed):
    """Return what the audit says of samples, and of a positive control: among them, kittens of the training set as this
    VAE would give them back. "_alike" is the same with held-out kittens that went through the VAE too.
    """
    chosen = np.random.default_rng(seed).choice(len(images), PLANTED, replace=False)
    parts = data.to_uint8(samples), reconstructed(vae, images[chosen]), held_out, reconstructed(vae, held_out)
    ratios = metrics.copy_ratios(np.concatenate(parts), images)[0]
    made, planted, plain, alike = np.split(ratios, np.cumsum([len(part) for part in parts])[:-1])
    row = {}
    for name, innocent in (("", plain), ("_alike", alike)):
        audit = metrics.judge_ratios(made, innocent[innocent > 0])
        infected = metrics.judge_ratios(np.concatenate([made[PLANTED:], planted]), innocent[innocent > 0])
        row |= {f"suspects{name}": len(audit.suspects), f"p_value{name}": round(audit.p_value, 5)}
        row |= {f"control_found{name}": int((planted < infected.threshold).sum())}
        row |= {f"control_p_value{name}": round(infected.p_value, 5)}
    return row


def with_noise(labels, share, rng):
    """Return labels (n, 2) of which a share was replaced by random ones, which may happen to be right."""
    noisy = labels.copy()
    chosen = rng.permutation(len(labels))[: round(share * len(labels))]
    noisy[chosen] = rng.integers(0, CLASSES, (len(chosen), 2))
    return noisy


def label_run(share, seed, lab):
    """Train the conditional VAE of 03_vae with so much noise in its labels; returns how well it obeys true ones."""
    rng = np.random.default_rng(seed)
    vae = train_vae(CLASSES, LABEL_SECONDS, seed, lab.images, with_noise(lab.labels(), share, rng))
    asked = rng.integers(0, CLASSES, (SAMPLES, 2)).astype(np.int32)
    latent = tf.random.stateless_normal((SAMPLES, LATENT_DIM), seed=(seed, SAMPLE_SEED))
    samples = vae([latent, tf.constant(asked)]).numpy()
    features, said = lab.network.features(samples), lab.network.probabilities(samples)
    obeyed = [float((said[name].argmax(1) == asked[:, k]).mean()) for k, name in enumerate(("fur", "eyes"))]
    return {
        "noise": share,
        "seed": seed,
        "fur_obedience": round(obeyed[0], 4),
        "eyes_obedience": round(obeyed[1], 4),
        "test": round(metrics.frechet_distance(lab.test("label_noise")[1], features), 3),
        "steps": int(vae.step),
    }


# --- tables ----------------------------------------------------------------------------------------------------------


def table(head, rows):
    """Return a Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def grouped(rows, key):
    """Return [(value of key, {column: its values})] in the order of the rows' first appearance; columns of the last."""
    groups = {}
    for row in rows:
        groups.setdefault(row[key], []).append(row)
    return [(value, {name: [row[name] for row in group] for name in group[-1]}) for value, group in groups.items()]


def listed(values, form, mean=True):
    """Return all values, and their mean in bold where there are several."""
    mean = f" → **{statistics.mean(values):{form}}**" if mean and len(values) > 1 else ""
    return ", ".join(f"{value:{form}}" for value in values) + mean


def markdown(result):
    """Return the section of benchmarks/README.md that tuning.json is good for."""
    search, final, sizes, noise = (result[name] for name in ("search", "final", "sizes", "label_noise"))
    pruned = sum(trial["state"] == "PRUNED" for trial in search["trials"])
    values = [trial["value"] for trial in search["trials"] if trial["value"] is not None]
    settings = table(
        ["", *search["default_params"]],
        [
            [name, *(f"{search[f'{name}_params'][key]:.3g}" for key in search["default_params"])]
            for name in ("default", "best")
        ],
    )
    duel = table(
        ["recipe", "Fréchet, validation", "Fréchet, test"],
        [
            [name, listed(group["validation"], ".2f"), listed(group["test"], ".2f")]
            for name, group in grouped(final["rows"], "recipe")
        ],
    )
    mixtures = table(
        ["members", "Fréchet, test", "precision", "recall"],
        [
            [str(members), *(listed(group[name], form) for name, form in COLUMNS)]
            for members, group in grouped(result["ensembles"]["rows"], "members")
        ],
    )
    amounts = table(
        ["images", *(name for name, _, _ in SIZE_COLUMNS), "suspects of 1,000", "p-values of the audit"],
        [
            [
                str(images),
                *(f"{statistics.mean(group[key]):{form}}" for _, key, form in SIZE_COLUMNS),
                listed(group["suspects"], "d", mean=False),
                listed(group["p_value"], ".2g", mean=False),
            ]
            for images, group in grouped(sizes["rows"], "images")
        ],
    )
    labels = table(
        ["labels replaced", "fur as asked", "eyes as asked", "Fréchet, test"],
        [
            [
                f"{share:.0%}",
                listed(group["fur_obedience"], ".0%"),
                listed(group["eyes_obedience"], ".0%"),
                listed(group["test"], ".1f"),
            ]
            for share, group in grouped(noise["rows"], "noise")
        ],
    )
    controls = ", ".join(
        f"of {row['images']} kittens {row['control_found']} found, p = {row['control_p_value']:.2g} "
        f"({row['control_found_alike']}, p = {row['control_p_value_alike']:.2g})"
        for row in result["controls"]["rows"]
    )
    text = f"""## Tuning, ensembles and data dependence

From `tuning.json`. Networks: {result["networks"]}; distances over {result["network"]}. Seconds as above, the first
epoch charged like the second; {result["seconds_in_all"]} s in all. Other real kittens are
{result["real_against_real"]:.2f} from the 1,000 validation kittens and {result["real_against_test"]:.2f} from the
2,000 test kittens.

**Search.** {len(search["trials"])} trials of {search["budget_seconds"]:g} s, {pruned} of them pruned. Objective:
{search["objective"]}. Sampler: {search["sampler"]}. Pruner: {search["pruner"]}.
The default was no trial; it reaches {search["default_value"]:.2f} with the same seed and budget, the best trial
{min(values):.2f}, the median of the {len(values)} finished ones {statistics.median(values):.2f}.

{settings}

**Final.** {final["budget_seconds"]:g} s for each of {len({row["seed"] for row in final["rows"]})} seeds that the search
never used; the mean in bold.

{duel}

**Ensembles** of the final generators of the recipe "{result["ensembles"]["recipe"]}", 2,000 samples from all members
together; every choice of members, the mean in bold.

{mixtures}

**Training-set size.** {sizes["model"]}, {sizes["budget_seconds"]:g} s; means over the seeds
{listed(sorted({row["seed"] for row in sizes["rows"]}), "d", mean=False)}. "Same count" are distances to as many images
(2,000 at most), trained on and never seen: a distance to few images is larger. The bound of the likelihood is in nats
a value; higher is better.

{amounts}

**Can the audit see such a model's copies?** Among 1,000 samples of the models of one seed, {PLANTED} training kittens
as the model gives them back: {controls}. In brackets: beside held-out kittens that went through the model too.

**Label noise.** The conditional VAE of notebook 03, {noise["budget_seconds"]:g} s; each seed, the mean in bold.
Guessing would give 20 % and 33 %.

{labels}
"""
    paragraphs = text.strip().split("\n\n")
    return "\n\n".join(part if part[0] in "|#" else textwrap.fill(part, 118) for part in paragraphs) + "\n"


# --- all of it -------------------------------------------------------------------------------------------------------


def sizes_part(lab, pieces):
    """Return the part "sizes"."""
    rows = [
        pieces.get(f"size {count} {seed}", lambda c=count, s=seed: size_run(c, s, lab))
        for seed in REPEATS
        for count in SIZES
    ]
    return {"budget_seconds": SIZE_SECONDS, "model": "VAE of notebook 03, β = 4", "rows": rows}


def noise_part(lab, pieces):
    """Return the part "label_noise"."""
    rows = [
        pieces.get(f"noise {share} {seed}", lambda n=share, s=seed: label_run(n, s, lab))
        for seed in REPEATS
        for share in NOISES
    ]
    return {"budget_seconds": LABEL_SECONDS, "rows": rows}


def final_part(lab, pieces, found):
    """Return the parts "final" and "ensembles" after a search whose part is ``found``."""
    recipes = {"default": bench.OURS, "best": found["best_params"]}
    rows = [
        pieces.get(f"final {recipe} {seed}", lambda r=recipe, s=seed: final_run(r, recipes[r], s, lab))
        for seed in SEEDS
        for recipe in recipes
    ]
    better = min(recipes, key=lambda r: statistics.mean(row["validation"] for row in rows if row["recipe"] == r))
    mixtures = pieces.get("ensembles", lambda: ensembles(better, lab))
    return {"final": {"budget_seconds": FINAL_SECONDS, "rows": rows}, "ensembles": mixtures}


def controls_part(lab, pieces):
    """Return the part "controls": what the audit says of the models of one seed, without and with a plant."""
    rows = [pieces.get(f"size {count} 1", lambda c=count: size_run(c, 1, lab)) for count in SIZES]
    kept = "images", "seed", "suspects", "p_value", "control", "steps"
    return {"rows": [{name: row[name] for name in row if name.startswith(kept)} for row in rows]}


PARTS = {"sizes": sizes_part, "controls": controls_part, "label_noise": noise_part}
TARGET = HERE / "tuning.json" if SHARE == 1 else BUILD / f"{NAME}.json"


def main(parts=()):
    """Run all parts, or those named; each finished piece is kept, so that a stopped bench goes on."""
    tf.config.experimental.enable_op_determinism()
    lab, pieces = Laboratory(), Pieces(NAME)
    if parts:
        result = json.loads(TARGET.read_text(encoding="utf-8"))
        result |= final_part(lab, pieces, result["search"]) if "final" in parts else {}
        result |= {part: PARTS[part](lab, pieces) for part in parts if part in PARTS}
    else:
        result = everything(lab, pieces)
        optuna.delete_study(study_name=NAME, storage=storage())
    TARGET.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    pieces.forget()


def everything(lab, pieces):
    """Return the result of all parts."""
    found, search_cost = search(lab, pieces)
    final = final_part(lab, pieces, found)
    later = {part: make(lab, pieces) for part, make in PARTS.items()}
    test = lab.test("final")[1]
    return {
        "network": str(lab.network),
        "real_against_real": round(metrics.frechet_distance(lab.validation, test[: len(lab.validation)]), 3),
        "real_against_test": round(metrics.frechet_distance(lab.network.features(lab.images[:SAMPLES]), test), 3),
        "networks": f"those of kittens.py with 1/{SHRINK} of the channels, float32",
        "seconds_in_all": round(search_cost + pieces.seconds()),
        "search": found,
        **final,
        **later,
    }


if __name__ == "__main__":
    if set(sys.argv[1:]) - {*PARTS, "final"}:
        sys.exit(__doc__)
    runtime.start()
    main(sys.argv[1:])
