"""The page that `prototype` leaves: one HTML file that needs nothing else."""

import base64
import html
import io
from pathlib import Path

from aigc_apps.prototype import judgement
from aigc_utils import plots

QUESTIONS = (
    "Who made these pictures, and does their licence allow training and what you plan to do with the result?",
    "Is anybody to be recognised in them, and has that person agreed to this use?",
    "Do they show trade marks, works of art or rooms whose owners have a say?",
    "Whom do you have to tell that a picture is generated? See 21_labels; samples.png says so itself.",
)
NEXT = {
    "near": "Train longer (minutes), or on more pictures of one kind; if the curve is flat, take another family.",
    "varied": "The generator leaves out a part of what the pictures show: look which, add pictures of it, try 'flow'.",
    "new": "Do not show these: look at the pairs below. More pictures, fewer repeats and a shorter run help.",
    "useful": "For a classifier, collect real pictures of the classes that it confuses; augmentation is free.",
}
QUESTIONS_OF_A_TABLE = (
    "Whose data are these, and do law, contract and consent allow this use of them?",
    "Does a column name or nearly name a person? No attack that is tried here stands for all attacks.",
    "Who will take a generated row for a real one? Tell them; samples.json says so itself.",
)
NEXT_OF_A_TABLE = {
    "near": "Look at the farthest column below; more rows help, and so does leaving out columns that nobody needs.",
    "private": "Do not release these rows: they tell who was in the training. More rows, or fewer columns, help.",
    "better": "Nothing is gained over columns drawn one by one: more rows, or another family.",
}
RELOAD_TABLE = """from aigc_apps.prototype import table
model = table.load("generator.npz")
rows = model.sample(1000, seed=1)
rows.to_csv("generated.csv", index=False)"""
ONE_SEED = "All of this is about one training with one seed: another would give other figures."
BLIND = "The audit does not find copies that were planted, so nobody knows: collect more pictures that differ."
STYLE = "body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}img{max-width:100%}"
STYLE += "td,th{text-align:left;padding:.2em 1em .2em 0;border-bottom:1px solid #ccc}"
STYLE += "pre{background:#eee;padding:1em;white-space:pre-wrap}"


def reload(settings, classes):
    """Return the four lines that load the generator and draw pictures with it."""
    lines = ["import keras, numpy as np", 'generator = keras.saving.load_model("generator.keras", compile=False)']
    if settings["family"] == "GAN":
        lines.append('noise = np.random.default_rng(0).normal(size=(16, generator.input_shape[-1])).astype("float32")')
    else:
        shape = f"(16, {settings['size']}, {settings['size']}, {1 if settings['grey'] else 3})"
        noise = f'np.random.default_rng(0).normal(size={shape}).astype("float32")'
        labels = f", np.arange(16)[:, None] % {len(classes)}]  # classes: {', '.join(classes)}"
        lines.append(f"noise = [{noise}{labels}" if classes else f"noise = {noise}")
    return "\n".join([*lines, "pictures = np.clip(generator.predict(noise, verbose=0) * 127.5 + 127.5, 0, 255)"])


def _image(content, alt):
    """Return an <img> of PNG bytes or of a matplotlib Figure."""
    if not isinstance(content, bytes):
        import matplotlib.pyplot as plt

        buffer = io.BytesIO()
        content.savefig(buffer, format="png", bbox_inches="tight")
        plt.close(content)
        content = buffer.getvalue()
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{base64.b64encode(content).decode()}">'


def _table(head, rows):
    cells = [[f"<th>{html.escape(str(cell))}</th>" for cell in head]]
    cells += [[f"<td>{html.escape(str(cell))}</td>" for cell in row] for row in rows]
    return f"<table>{''.join(f'<tr>{chr(10).join(row)}</tr>' for row in cells)}</table>"


def _list(sentences):
    return f"<ul>{''.join(f'<li>{html.escape(sentence)}</li>' for sentence in sentences)}</ul>"


def _interval(values, form=".2f"):
    return "{:{form}} ({:{form}} to {:{form}})".format(*values, form=form)


def _judgement(figures):
    """Return the tables and sentences about what was measured."""
    columns = ["pictures", "distance", "less its bias (95 % interval)", "beyond augmented", "precision", "recall"]
    rows = []
    for name, row in figures["rows"].items():
        distances = [f"{row['distance']:.2f}", _interval(row["unbiased"]), _interval(row["beyond"], "+.2f")]
        rows.append([name, *distances, f"{row['precision']:.2f}", f"{row['recall']:.2f}"])
    said = f"Each {figures['count']:,} against as many held-out real ones, over the features of "
    said += f"{judgement.feature_network()}, at 32×32 pixels. The distance of other real pictures is the floor. "
    said += "Copies of training pictures reach it too, so a distance alone decides nothing."
    return f"<p>{html.escape(said)}</p>{_table(columns, rows)}{_audit(figures)}{_use(figures.get('use', {}))}"


def _audit(figures):
    audit = figures["audit"]
    if "problem" in audit:
        return f"<p>No audit for copies: {html.escape(audit['problem'])}</p>"
    found = ", ".join(f"{share:.0%} of the {kind}" for kind, share in audit["control"].items())
    said = [
        f"Suspiciously near to one training picture: {audit['suspects']} of {figures['count']} "
        f"(p = {audit['p_value']:.3f}); of augmented training pictures {audit['suspects_augmented']:.0%}.",
        f"Positive control: of planted copies of training pictures it finds {found}.",
        "It sees near copies; what it misses above, it would miss in a generator too." if audit["sees"] else BLIND,
    ]
    if audit["held_out_repeats"]:
        repeats = "Held-out pictures that repeat training pictures, and do not count here"
        said.append(f"{repeats}: {audit['held_out_repeats']}.")
    return _list(said)


def _use(figures):
    rows = []
    for name, row in figures.items():
        gain = _interval(row["gain"], "+.1%") if "gain" in row else ""
        rows.append([name if name == "real" else f"real and {name}", f"{row['accuracy']:.1%}", gain])
    head = ["a classifier trained on", "accuracy on held-out real, each class alike", "gain (95 % interval)"]
    return _table(head, rows) if rows else ""


def page(pictures, run, rule, verdict, shown, samples):
    """Return the report on pictures as HTML; ``samples`` are the bytes of samples.png, as it was labelled."""
    about = f"Generated pictures, marked as such, {' then '.join(shown['classes']) or 'at random'}"
    real = "Real pictures that were held out"
    pairs = ""
    if "nearest" in shown:
        rows = dict(zip(("generated", "nearest in training"), shown["nearest"], strict=True))
        pairs = plots.image_rows(rows, "The most alike, and what they are like")
        pairs = _image(pairs, "Generated and training pictures")
    ended = f"{run['curve'][-1][1]:,} steps of {run['settings']['batch_size']} pictures in {run['seconds']:.0f} s: "
    ended += f"{run['ended']}. Kept: step {run['kept']:,}, the nearest to training pictures."
    seconds, _, distances = zip(*run["curve"], strict=True)
    history, panels = {"seconds": seconds, "distance": distances}, {"Fréchet distance": ["distance"]}
    curve = plots.curves(history, "seconds", "On the way, to training pictures", panels)
    falls = f"The distance to training pictures from {distances[0]:.1f} to {distances[-1]:.1f}"
    parts = {
        "What it makes": _image(samples, about) + _image(plots.image_grid(shown["real"], 16, real), real),
        "Questions that only you can answer": _list(QUESTIONS),
        "Training": f"<p>{html.escape(ended)}</p>{_image(curve, falls)}",
        "Judgement": _judgement(run["figures"]) + pairs,
    }
    return _document(run, rule, verdict, parts, NEXT, reload(run["settings"], pictures.classes))


def table_page(run, rule, verdict, samples):
    """Return the report on a table as HTML; ``samples`` are a pandas.DataFrame of generated rows."""
    figures, rows = run["figures"], []
    for name, row in figures["rows"].items():
        cells = [_interval(auc) for auc in (row["sharper"], *row["attacks"].values())]
        worst = max(row["columns"], key=row["columns"].get)
        rows.append([name, *cells, f"{row['correlation_error']:.3f}", f"{worst}: {row['columns'][worst]:.2f}"])
    head = ["rows", "told from held-out ones, AUC", *(f"attack: {name}, AUC" for name in row["attacks"])]
    found = ", ".join(f"{name} {_interval(auc)}" for name, auc in figures["control"].items())
    said = [
        f"{figures['training']:,} training rows, {figures['held_out']:,} held-out ones. An AUC of 0.5 is guessing; "
        "the floor is that of copies of training rows in the second column.",
        f"Positive control: rows with near-copies of training rows among them are attacked with {found}.",
        "The attacks see planted copies." if figures["sees"] else BLIND,
    ]
    shown = samples.head(10)
    parts = {
        "What it makes": f"<p>Generated rows, all of them in samples.json.</p>{_table(list(shown), shown.to_numpy())}",
        "Questions that only you can answer": _list(QUESTIONS_OF_A_TABLE),
        "Judgement": _table([*head, "error of correlations", "farthest column"], rows) + _list(said),
    }
    return _document(run, rule, verdict, parts, NEXT_OF_A_TABLE, RELOAD_TABLE)


def _document(run, rule, verdict, parts, following, lines):
    """Return a page with its ``parts`` {heading: HTML}, after the verdict and before what all reports tell."""
    states = zip(rule.conditions, verdict.reasons, strict=True)
    todo = [following[name] for name, reason in states if "holds" not in reason.split(":")[0]]
    plan = [[name, value, run["reasons"].get(name, "")] for name, value in run["settings"].items()]
    heard = f"<p>{html.escape(rule.question)}</p>{_list(verdict.reasons)}{_list(todo)}<p>{ONE_SEED}</p>"
    parts = {f"Verdict: {verdict.answer}": heard} | parts
    parts |= {
        "The rule, declared before the training": f"<pre>{html.escape(str(rule))}</pre>",
        "What was found": _list(run["facts"]),
        "What was chosen, and why": _table(["setting", "value", "reason"], plan),
        "What it cost": _table(["what", "how much"], run["costs"].items()),
        "Load it again": f"<pre>{html.escape(lines)}</pre>",
    }
    title = html.escape(f"A generator of {Path(run['from']).stem}")
    body = "".join(f"<h2>{html.escape(head)}</h2>{content}" for head, content in parts.items())
    head = f'<meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body><h1>{title}</h1>{body}</body></html>\n'
