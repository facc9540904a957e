"""The product generator under closer inspection than a notebook has time for. Writes advertising.json.

python benchmarks/advertising.py   needs Fashion-MNIST's 60,000 training photos (AIGC_DATA_DIR, the cache, the internet)

Obedience and recall against the guidance weight; both again with 500 pictures of each product at the weight of notebook
12; and the memorisation audit of 05 within each product: generated pictures, held-out photos and planted near-copies
against that product's 6,000 training photos.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import data, metrics, models, training  # noqa: E402

import numpy as np  # noqa: E402

PER_PRODUCT, STEPS, AUDITED = 500, 8, 100  # AUDITED: pictures a product and kind
WEIGHTS, GUIDANCE, BRIEF = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0), 1.5, 100  # BRIEF: pictures a product and weight
JUDGES = ("fashion_judge", "fashion_second_judge")
BINS = np.linspace(0, 1, 41)


def draw(flow, seed, count, guidance=1.0):
    """Return (pictures uint8 (10 · count, 28, 28, 1), the product asked for of each), ``count`` of each product."""
    asked = np.repeat(np.arange(10), count)
    options = {"steps": STEPS, "solver": "euler", "labels": asked[:, None], "guidance": guidance}
    return data.to_uint8(flow.sample(len(asked), seed=seed, **options)), asked


def read_as_asked(judge, pictures, asked):
    """Return the share (10,) of each product's pictures that the judge reads as that product."""
    right = judge.probabilities(pictures)["class"].argmax(1) == asked
    return np.array([right[asked == k].mean() for k in range(10)])


def recalls(judge, pictures, asked, photos, labels):
    """Return (10, 2): for each product the recall of real photos by the pictures, and by as many other real photos."""
    found = []
    for k in range(10):
        fake = judge.features(pictures[asked == k])
        real = judge.features(photos[labels == k][: 2 * len(fake)])
        real, others = real[: len(fake)], real[len(fake) :]
        found.append((metrics.precision_recall(real, fake)[1], metrics.precision_recall(real, others)[1]))
    return np.array(found)


def quality(pictures, asked, test):
    """Return the share read as asked by each judge and product, and recall beside real photos' own."""
    judges = [metrics.feature_network(name) for name in JUDGES]
    shares = {judge.name: read_as_asked(judge, pictures, asked).round(3).tolist() for judge in judges}
    recall, recall_real = recalls(judges[1], pictures, asked, test.images, test.labels).round(3).T.tolist()
    as_asked = {name: dict(zip(test.classes, values, strict=True)) for name, values in shares.items()}
    return {"as_asked": as_asked, "recall": recall, "recall_real": recall_real}


def by_weight(flow, test):
    """Return, for each guidance weight, the shares read as asked by both judges and the recall, means over products."""
    found = {}
    for weight in WEIGHTS:
        result = quality(*draw(flow, 200, BRIEF, weight), test)
        shares = [float(np.mean(list(result["as_asked"][name].values()))) for name in JUDGES]
        found[str(weight)] = [round(value, 3) for value in (*shares, float(np.mean(result["recall"])))]
        print(weight, found[str(weight)], flush=True)
    return found


def audit(pictures, asked, train, test, seed=0):
    """Return the audit over all products together; the ratio of a picture is taken among its own product's photos."""
    ratios = {"generated": [], "held_out": [], "planted": []}
    for k in range(10):
        own = train.images[train.labels == k]
        chosen = own[np.random.default_rng((seed, k)).choice(len(own), AUDITED // 5, replace=False)]
        copies, _ = metrics.near_copies(chosen.repeat(3, axis=-1), seed + k)
        parts = (pictures[asked == k][:AUDITED], test.images[test.labels == k][:AUDITED], copies[..., :1])
        together, _ = metrics.copy_ratios(np.concatenate(parts), own)
        for name, part in zip(
            ratios, np.split(together, np.cumsum([len(images) for images in parts])[:-1]), strict=True
        ):
            ratios[name].append(part)
        print(f"audit: {test.classes[k]}", flush=True)
    ratios = {name: np.concatenate(values) for name, values in ratios.items()}
    result = metrics.judge_ratios(ratios["generated"], ratios["held_out"])
    return {
        "samples": len(ratios["generated"]),
        "threshold": round(result.threshold, 4),
        "suspects": len(result.suspects),
        "p_value": round(result.p_value, 4),
        "found": round(float(np.mean(ratios["planted"] < result.threshold)), 3),
        "ratios": {name: np.histogram(values, BINS)[0].tolist() for name, values in ratios.items()},
    }


def markdown(result):
    """Return the section of benchmarks/README.md that advertising.json is good for."""
    first, second = (result["as_asked"][name] for name in JUDGES)
    columns = zip(first, first.values(), second.values(), result["recall"], result["recall_real"], strict=True)
    rows = "\n".join(f"| {name} | {a:.0%} | {b:.0%} | {c:.2f} | {d:.2f} |" for name, a, b, c, d in columns)
    found = result["audit"]
    return f"""## Product pictures

From `advertising.json`, for notebook 12: {result["per_product"]} generated pictures of each product, {result["steps"]}
Euler steps with guidance {result["guidance"]}, and Fashion-MNIST's test photos. Read as asked by two judges; recall of
real photos by generated ones, and by as many other real ones (features of {JUDGES[1]}).

| product | {JUDGES[0]} | {JUDGES[1]} | recall | recall, real |
|---|---|---|---|---|
{rows}

The audit for copies: {found["suspects"]} of {found["samples"]} generated pictures below the threshold
{found["threshold"]:.3f}, p = {found["p_value"]:.2f}; of the planted near-copies {found["found"]:.0%}.
"""


def main():
    """Measure everything once, where the photos are."""
    train, test = (data.load("fashion-mnist", split) for split in ("train", "test"))
    if train.is_stand_in:
        print("Fashion-MNIST is not here (connect to the internet or set AIGC_DATA_DIR): advertising.json stays.")
        return
    flow = training.FlowMatching(models.load_pretrained("fashion_flow"))
    result = {"weights": by_weight(flow, test), "per_product": PER_PRODUCT, "steps": STEPS, "guidance": GUIDANCE}
    pictures, asked = draw(flow, 100, PER_PRODUCT, GUIDANCE)
    result |= quality(pictures, asked, test)
    print(json.dumps(result), flush=True)
    result["audit"] = audit(pictures, asked, train, test)
    (HERE / "advertising.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result["audit"]))


if __name__ == "__main__":
    main()
