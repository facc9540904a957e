"""What 16_case_social_media needs beside the stickers: captions, a feed to learn from, a guard for wishes, a widget.

Usage: python benchmarks/social.py STAGE …, any of these; each adds to social.json what the others do not touch:

    captions   trains the writer of captions (about two minutes), and measures it beside its rivals
    feed       how often a miner of 1,000 feeds in which nothing matters announces a winner, and what it finds elsewhere
    guard      the guards for wishes on plants that others wrote (data/stickers/wishes.csv), and one that looks
"""

import collections
import functools
import re
import sys
import unicodedata
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import models, provenance, runtime, text  # noqa: E402
from benchmarks import common  # noqa: E402
from benchmarks.games import wilson  # noqa: E402
from benchmarks.stickers import (  # noqa: E402
    FAMILIES,
    LONGEST,
    TEST,
    TRAIN,
    WORDINGS,
    _within,
    attributes,
    parts,
    phrase,
    understood,
    wishes,
    words_of,
)
from benchmarks.stickers_model import load_half, save_half  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from scipy import stats  # noqa: E402

STORE = HERE / "social.json"
WEIGHTS = HERE.parent / "data" / "pretrained" / "captions.npz"

# --- captions ---------------------------------------------------------------------------------------------------------

VOICES = {  # how a caption begins, and what follows the thing
    "playful": (
        ("guess who", "look at me", "surprise", "boop", "tag you are it", "catch me if you can"),
        ("just joined the party", "is up to something", "wants to play", "did a little dance", "hides behind you"),
    ),
    "warm": (
        ("thinking of you", "sending love", "for you", "you made my day", "thank you , friend", "big hug"),
        ("is here for you", "says hello", "keeps you company", "came with a smile", "wishes you well"),
    ),
    "dry": (
        ("well", "as expected", "for the record", "news of the day", "no comment", "in other words"),
        ("exists", "was not my idea", "has seen enough", "will be in a meeting", "needs a coffee"),
    ),
    "proud": (
        ("we did it", "look what we made", "first prize", "never been better", "hats off", "big news"),
        ("won today", "made it to the top", "set a record", "takes a bow", "shines like never before"),
    ),
}
NOUN_WORDS = 3  # the most words of a thing's name
CAPTION_TOKENS = 26  # tokens of a caption with its wish and its end
END = "\n"


def captioned():
    """Return places of the wishes that captions are written for, {part: array}: coloured things and faces."""
    every, part = wishes()
    chosen = np.array([wish.family != "skin" for wish in every])
    return {one: np.flatnonzero(chosen & (part == one)) for one in (TRAIN, TEST)}


def asked_of(places):
    """Return [(attribute, thing)] of wishes."""
    return [(wishes()[0][k].attribute, wishes()[0][k].thing) for k in places]


def caption(tone, attribute, thing, rng):
    """Return a caption by the grammar that people might have written: in words, with spaces between all of them."""
    openers, actions = VOICES[tone]
    opener, action = openers[rng.integers(len(openers))], actions[rng.integers(len(actions))]
    who = f"{('this', 'the', 'my', 'our')[rng.integers(4)]} {attribute} {' '.join(words_of(thing))}"
    forms = (f"{opener} : {who} {action} .", f"{who} {action} . {opener} !", f"{opener} ! {who} {action} .")
    return forms[rng.integers(len(forms))]


def caption_rows(places, each=1, seed=0):
    """Return [(tone, attribute, thing, caption)]: ``each`` captions of every tone for every wish."""
    rng = np.random.default_rng(seed)
    asked = [(tone, *pair) for pair in asked_of(places) for tone in VOICES for _ in range(each)]
    return [(*one, caption(*one, rng)) for one in asked]


class Words:
    """A tokenizer of words: the line end is 0, then a filler, the tones as symbols, then all words, sorted."""

    def __init__(self):
        every = {word for row in caption_rows(captioned()[TRAIN], 2) for word in row[3].split()}
        self.all = [END, "<none>", *(f"<{tone}>" for tone in VOICES), *sorted(every)]
        self.number = {word: k for k, word in enumerate(self.all)}

    def prompt(self, tone, attribute, thing):
        """Return the tokens of a wish, int32 (2 + NOUN_WORDS,): its tone, its attribute, and the thing's words."""
        noun = words_of(thing)
        words = [f"<{tone}>", attribute, *noun, *["<none>"] * (NOUN_WORDS - len(noun))]
        return np.array([self.number[word] for word in words], np.int32)

    def encode(self, line):
        """Return the tokens of a caption and its end, int32 (n,)."""
        return np.array([*(self.number[word] for word in line.split()), 0], np.int32)

    def decode(self, tokens):
        """Return the caption up to its end."""
        words = [self.all[token] for token in tokens]
        return " ".join(words[: words.index(END)] if END in words else words)


def caption_network(words):
    """Return the transformer of notebook 07, small."""
    return models.Transformer(len(words.all), context=CAPTION_TOKENS, width=64, depth=2, heads=4, name="captions")


def train_captions(steps=1500, batch=64, rate=3e-3, seed=1):
    """Train `caption_network` on captions of the seen wishes, the wish not counted in the loss; write its weights."""
    runtime.keras.utils.set_random_seed(seed)
    rows, words, slot = caption_rows(captioned()[TRAIN], 4, seed), Words(), 2 + NOUN_WORDS
    table, counted = np.zeros((2, len(rows), CAPTION_TOKENS), np.int32)
    for k, (*wish, line) in enumerate(rows):
        tokens = np.concatenate([words.prompt(*wish), words.encode(line)])
        table[k, : len(tokens)], counted[k, slot : len(tokens)] = tokens, 1
    network = caption_network(words)
    common.train_writer(network, table, counted, steps, batch, rate, seed)
    save_half(network, WEIGHTS)


def load_captions():
    """Return (network, words) with the shipped weights."""
    words = Words()
    network = caption_network(words)
    load_half(network, runtime.shipped("pretrained", "captions.npz"))
    return network, words


def write_captions(network, words, asked, seed=0, top_p=0.95):
    """Return one caption for each wish (tone, attribute, thing), drawn with nucleus sampling."""
    prompts = np.stack([words.prompt(*wish) for wish in asked])
    written = text.writer(network)(prompts, CAPTION_TOKENS - prompts.shape[1], top_p=top_p, seed=seed)
    return [words.decode(row[prompts.shape[1] :]) for row in written]


def spliced_captions(rows, asked, seed=0):
    """Return captions of the tone from random training rows, with attribute and thing exchanged for those asked for."""
    by_tone, rng = collections.defaultdict(list), np.random.default_rng(seed)
    for tone, attribute, thing, line in rows:
        by_tone[tone].append(line.replace(f" {attribute} {' '.join(words_of(thing))} ", " {} "))
    return [
        by_tone[tone][rng.integers(len(by_tone[tone]))].replace("{}", f"{attribute} {' '.join(words_of(thing))}")
        for tone, attribute, thing in asked
    ]


def chained_captions(rows, asked, seed=0):
    """Return captions by counts of three words, from rows with the tone of the wish and its attribute or its thing."""
    rng, found = np.random.default_rng(seed), []
    for tone, attribute, thing in asked:
        follows = collections.defaultdict(list)
        for other, *pair, line in rows:
            if other == tone and (attribute == pair[0] or thing == pair[1]):
                said = ["", "", *line.split(), END]
                for a, b, c in zip(said, said[1:], said[2:], strict=False):
                    follows[a, b].append(c)
        said = ["", ""]
        while said[-1] != END and len(said) < CAPTION_TOKENS:
            after = follows[said[-2], said[-1]]
            said.append(after[rng.integers(len(after))])
        found.append(" ".join(word for word in said if word.strip()))
    return found


def lot_captions(rows, asked, seed=0):
    """Return captions of training rows at random: the floor."""
    return [rows[k][3] for k in np.random.default_rng(seed).integers(len(rows), size=len(asked))]


@functools.cache
def tone_reader(seed=7):
    """Return a classifier of a caption's tone, trained on captions of other draws; the wish's own words are left out.

    Logistic regression on single words and pairs of words.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    rows = caption_rows(captioned()[TRAIN][::3], 1, seed)
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=30, max_iter=300))
    return model.fit([bare(row[3]) for row in rows], [row[0] for row in rows])


@functools.cache
def wish_words():
    """Return all words of attributes and things that captions can name."""
    every = [wishes()[0][k] for places in captioned().values() for k in places]
    return {word for wish in every for word in (wish.attribute, *words_of(wish.thing))}


def bare(line):
    """Return a caption without the words of wishes."""
    return " ".join(word for word in line.split() if word not in wish_words())


def names_wish(line, attribute, thing):
    """Return whether a caption names the attribute and then the thing, and no other attribute."""
    words, others = line.split(), set().union(*map(attributes, ("colour", "expression")))
    asked = [attribute, *words_of(thing)]
    whole = any(words[k : k + len(asked)] == asked for k in range(len(words)))
    return whole and not (set(words) & others) - set(asked)


def captions_measured(lines, asked, rows):
    """Return {"as asked", "in the tone", "both", "new wording"}: shares of captions, each [share, low, high] by Wilson.

    The interval is for captions that were drawn at random. "new wording" counts captions whose words beside those of
    wishes stand together in no training row.
    """
    said = np.array([names_wish(line, *wish[1:]) for line, wish in zip(lines, asked, strict=True)])
    bared, known = [bare(line) for line in lines], {bare(row[3]) for row in rows}
    tone = tone_reader().predict(bared) == np.array([wish[0] for wish in asked])
    new = np.array([one not in known for one in bared])
    found = {"as asked": said, "in the tone": tone, "both": said & tone, "new wording": new}
    return {name: list(wilson(int(hits.sum()), len(hits))) for name, hits in found.items()}


def all_captions(network, words, asked, seed=0):
    """Return ({writer: captions}, training rows): the network, its rivals, and a floor."""
    rows = caption_rows(captioned()[TRAIN], 4, 1)
    found = {"network": write_captions(network, words, asked, seed)}
    found |= {
        "filled in": spliced_captions(rows, asked, seed),
        "chain of three words": chained_captions(rows, asked, seed),
    }
    return found | {"at random": lot_captions(rows, asked, seed)}, rows


def captions():
    """Train the writer, and store its figures on the held-out wishes, all tones."""
    train_captions()
    asked = [(tone, *pair) for pair in asked_of(captioned()[TEST]) for tone in VOICES]
    found, rows = all_captions(*load_captions(), asked, seed=5)
    table = {name: captions_measured(lines, asked, rows) for name, lines in found.items()}
    print(pd.DataFrame(table).map(lambda one: f"{one[0]:.3f}").to_string())
    return {"captions": common.rounded(table), "captions asked": len(asked)}


# --- a feed to learn from ---------------------------------------------------------------------------------------------

THEMES = ("animals", "faces", "food", "hands", "objects", "people", "sport", "weather")
FORMS = ("still", "animated", "with caption")
HOURS = ("morning", "noon", "evening", "night")
TRUE = {("theme", "animals"): 0.35, ("form", "animated"): 0.30, ("hour", "evening"): 0.25}  # in log odds, typed in
OVER = 0.5  # deviation of a post's own luck, in log odds: some posts are shared by somebody with many followers


def feed(posts=400, seed=0, effects=None):
    """Return a simulated feed: theme, form, hour, views and likes of each post, and ``logit``, its own log odds.

    Likes are binomial with log odds −3 plus the post's effects (``effects``, by default TRUE) plus luck of deviation
    OVER. Animated posts are published in the evening more often, as an editor would.
    """
    rng = np.random.default_rng([*np.atleast_1d(seed), 16])
    effects = TRUE if effects is None else effects
    table = pd.DataFrame({"theme": rng.choice(THEMES, posts), "form": rng.choice(FORMS, posts, p=(0.5, 0.25, 0.25))})
    late = rng.random(posts) < np.where(table["form"] == "animated", 0.6, 0.25)
    table["hour"] = np.where(late, "evening", rng.choice([one for one in HOURS if one != "evening"], posts))
    logit = -3.0 + rng.normal(0, OVER, posts)
    for (column, level), gain in effects.items():
        logit = logit + gain * (table[column] == level)
    table["views"] = rng.integers(200, 2000, posts)
    table["likes"] = rng.binomial(table["views"], 1 / (1 + np.exp(-logit)))
    return table.assign(logit=logit)


def looks(table):
    """Return {name: bool array} of what a miner looks at: each theme, form and hour, and each theme in each form.

    Looks with fewer than three posts inside or outside are left out.
    """
    codes = {c: table[c].to_numpy() for c in ("theme", "form", "hour")}
    found = {
        level: codes[c] == level for c, levels in zip(codes, (THEMES, FORMS, HOURS), strict=True) for level in levels
    }
    found |= {f"{theme}, {form}": found[theme] & found[form] for theme in THEMES for form in FORMS}
    return {name: chosen for name, chosen in found.items() if 3 <= chosen.sum() <= len(table) - 3}


def mined(table, by="posts"):
    """Return a table by look: gain (share of likes in the look less elsewhere), low, high, p, Holm and BH p-values.

    ``by`` "views" takes every view as independent, as a dashboard does; "posts" takes each post's share as one number
    (Welch's interval). Holm 1979 bounds the chance of any false winner, Benjamini and Hochberg 1995 their share.
    """
    chosen = looks(table)
    inside = np.array(list(chosen.values()), float)
    likes, views = table["likes"].to_numpy(float), table["views"].to_numpy(float)
    if by == "views":
        k, n = np.array([[part @ likes, part @ views] for part in (inside, 1 - inside)]).swapaxes(0, 1)
        pooled = k.sum(0) / n.sum(0)
        gain, error = k[0] / n[0] - k[1] / n[1], np.sqrt(pooled * (1 - pooled) * (1 / n).sum(0))
        freedom = np.inf
    else:
        share, count = likes / views, np.array([part.sum(1) for part in (inside, 1 - inside)])
        mean = np.array([part @ share for part in (inside, 1 - inside)]) / count
        square = np.array([part @ share**2 for part in (inside, 1 - inside)]) / count
        of = (square - mean**2) / (count - 1)
        gain, error = mean[0] - mean[1], np.sqrt(of.sum(0))
        freedom = of.sum(0) ** 2 / (of**2 / (count - 1)).sum(0)
    half, p = stats.t.ppf(0.975, freedom) * error, 2 * stats.t.sf(np.abs(gain / error), freedom)
    found = {"gain": gain, "low": gain - half, "high": gain + half, "p": p}
    found |= {"Holm": holm(p), "BH": stats.false_discovery_control(p)}
    return pd.DataFrame(found, index=list(chosen))


def holm(p):
    """Return Holm's (1979) adjusted p-values; statsmodels' collect all garbage at each call, half a second here."""
    order, count = np.argsort(p), len(p)
    steps = np.maximum.accumulate(np.asarray(p)[order] * np.arange(count, 0, -1))
    return np.minimum(steps, 1.0)[np.argsort(order)]


MINERS = {
    "every view counts": ("views", "p"),
    "posts": ("posts", "p"),
    "posts, BH": ("posts", "BH"),
    "posts, Holm": ("posts", "Holm"),
}


def winners(table):
    """Return {miner of MINERS: names that it announces}: better than elsewhere, p below 0.05."""
    found = {by: mined(table, by) for by in ("views", "posts")}
    return {
        miner: set(found[by].index[(found[by]["gain"] > 0) & (found[by][column] < 0.05)])
        for miner, (by, column) in MINERS.items()
    }


def false_winners(worlds, seed=0, posts=400):
    """Return {miner: how many of ``worlds`` feeds, in which nothing matters, have a winner all the same}."""
    said = [winners(feed(posts, [seed, k], {})) for k in range(worlds)]
    return {miner: sum(bool(one[miner]) for one in said) for miner in MINERS}


def true_winners(worlds, seed=0, posts=400):
    """Return {miner: {effect of TRUE: in how many feeds it is announced}}, where the effects are as typed in."""
    said = [winners(feed(posts, [seed, k, 1])) for k in range(worlds)]
    return {miner: {level: sum(level in one[miner] for one in said) for _, level in TRUE} for miner in MINERS}


def regressed(worlds, seed=0, posts=400):
    """Return (worlds, 2): the gain of the best theme and form in one half of a feed, and its gain in the other half."""
    found = []
    for k in range(worlds):
        table = feed(posts, [seed, k, 2])
        first, second = (mined(table.iloc[part::2].reset_index(drop=True)) for part in (0, 1))
        names = [name for name in first.index.intersection(second.index) if ", " in name]
        best = first.loc[names, "gain"].idxmax()
        found.append((first.loc[best, "gain"], second.loc[best, "gain"]))
    return np.array(found)


def feed_stage(worlds=1000):
    """Store how miners do on many feeds."""
    halves = regressed(300, 9)
    mean, error = halves.mean(0), halves.std(0, ddof=1) / np.sqrt(len(halves))
    kept = {
        "worlds": worlds,
        "false": false_winners(worlds, 9),
        "found": true_winners(worlds, 9),
        "looks": len(looks(feed(400, 9))),
    }
    print(kept, mean, flush=True)
    return {"feed": kept | {"best in one half": common.rounded([mean, mean - 1.96 * error, mean + 1.96 * error], 5)}}


# --- a guard for wishes -----------------------------------------------------------------------------------------------

FORBIDDEN = {  # the brand's policy: things that are not drawn
    "alcohol": ("beer mug", "wine glass"),
    "weapons": ("bomb",),
    "gambling": ("dice",),
    "the devil": ("devil",),
}
INNUENDO = {"things": ("eggplant", "peach"), "looks": ("loving", "winking", "cheeky")}
SYNONYMS = (
    "beer",
    "wine",
    "lager",
    "whisky",
    "vodka",
    "alcohol",
    "grenade",
    "dynamite",
    "gun",
    "knife",
    "casino",
    "satan",
)
LEET = str.maketrans("013457@$!", "oieastasi")
POLITE = "i would like want could can you may have please thanks thank hello hi to for us one some my our the this it"
FILLERS = (
    set(POLITE.split())
    | {"a", "an"}
    | {  # and what the wordings of wishes hold beside a thing and an attribute
        word
        for wordings in WORDINGS.values()
        for wording in wordings
        for word in words_of(re.sub(r"\{.*?\}", " ", wording))
    }
)


def forbidden(wish):
    """Return which rule of the policy a `Wish` breaks, or ""."""
    if wish.thing in INNUENDO["things"] and wish.attribute in INNUENDO["looks"]:
        return "innuendo"
    return next((kind for kind, things in FORBIDDEN.items() if wish.thing in things), "")


def forbidden_places():
    """Return the places in `wishes` of all that must not be drawn."""
    return np.flatnonzero([bool(forbidden(wish)) for wish in wishes()[0]])


def by_list(said):
    """Return why a wish is refused, or "": a forbidden word is in the text as it was typed."""
    listed = [thing for things in FORBIDDEN.values() for thing in things]
    hit = next((thing for thing in listed if thing in said.lower()), "")
    looks_so = all(any(word in said.lower() for word in words) for words in INNUENDO.values())
    return hit or ("innuendo" if looks_so else "")


def plain_letters(said):
    """Return a text in small Latin letters: styled letters, accents, digits for letters, hidden marks are undone."""
    known = unicodedata.normalize("NFKD", said)
    known = "".join(" " if c.isspace() else c for c in known if c.isspace() or unicodedata.category(c)[0] not in "MC")
    return known.lower().translate(LEET)


def by_long_list(said):
    """Return why a wish is refused, or "": the same words and synonyms are sought after disguises are taken away.

    Spaces, dots and hyphens are taken out, too, so "b o m b" is found; and so is the bomb in "bombastic".
    """
    letters = re.sub(r"[^a-z]", "", plain_letters(said))
    listed = [thing.replace(" ", "") for things in FORBIDDEN.values() for thing in things]
    hit = next((word for word in (*listed, *SYNONYMS) if word in letters), "")
    looks_so = all(any(word in letters for word in words) for words in INNUENDO.values())
    return hit or ("innuendo" if looks_so else "")


def by_meaning(said):
    """Return why a wish is refused, or "": it is drawn only if all of it is understood, and as one allowed wish.

    Known are the words of exactly one wish and FILLERS. Other signs than Latin letters, spaces and plain punctuation
    are a reason, and so are more than LONGEST words, of which the painter would not read the last.
    """
    if strange := sorted(set(re.findall(r"[^a-zA-Z\s.,:;!?'-]", said))):
        return f"a sign that is not read: {' '.join(map(repr, strange))[:40]}"
    words = words_of(said)
    if len(words) > LONGEST:
        return f"{len(words)} words, where {LONGEST} are read"
    wish = understood(said)
    if wish is None:
        return "no thing with a colour, a skin tone or an expression that I can draw"
    nouns = [words_of(noun) for noun in parts(wish.family)[wish.thing][1]]
    named = max((noun for noun in nouns if _within(noun, words)), key=len)
    at = next(k for k in range(len(words)) if words[k : k + len(named)] == named)
    rest = words[:at] + words[at + len(named) :]
    if wish.attribute in rest:
        rest.remove(wish.attribute)
    if extra := [word for word in rest if word not in FILLERS]:
        return f"words beside the {wish.attribute} {wish.thing}: {', '.join(extra)}"
    return forbidden(wish)


def offered(said):
    """Return the allowed `Wish` that is understood in a text, to ask back "did you mean …?", or None."""
    wish = understood(plain_letters(said))
    return None if wish is None or forbidden(wish) else wish


GUARDS = {"words": by_list, "words without disguise": by_long_list, "meaning": by_meaning}


@functools.cache
def planted():
    """Return the plants as a table: text, kind, forbidden (bool), means; data/stickers/README.md says by whom."""
    table = pd.read_csv(runtime.shipped("stickers", "wishes.csv"), keep_default_na=False)
    return table.assign(forbidden=table["forbidden"] == "yes")


def guarded(table, guard):
    """Return [passed, of] of the forbidden wishes, of the honest ones that can be drawn, by kind and in all."""
    table = table.assign(passed=[not GUARDS[guard](one) for one in table["text"]])
    honest = table[~table["forbidden"] & (table["means"] != "other")]
    bad = table[table["forbidden"]]
    counted = {kind: [int(rows["passed"].sum()), len(rows)] for kind, rows in bad.groupby("kind")}
    fine = {kind: [int(rows["passed"].sum()), len(rows)] for kind, rows in honest.groupby("kind")}
    return {
        "forbidden": [int(bad["passed"].sum()), len(bad)],
        "honest": [int(honest["passed"].sum()), len(honest)],
        "forbidden by kind": counted,
        "honest by kind": fine,
        "passed": bad.loc[bad["passed"], "text"].tolist()[:20],
    }


def as_meant(wish, means):
    """Return whether a `Wish` is what ``means`` says of it: its thing alone, and no other attribute than it names."""
    words, thing = words_of(means), words_of(wish.thing)
    if " + " in means or not _within(thing, words):
        return False
    known = set().union(*map(attributes, FAMILIES))
    named = [word for word in words if word not in thing and word in known]
    return not named or wish.attribute in named


def denied(attribute, said):
    """Return whether a text says that something is not so: "not red", "isn't red", "neither red nor blue"."""
    no = r"(?:not|no|never|neither|nor|isn't|aren't|don't want)"
    return bool(re.search(rf"\b{no}(?: an?| too| only)? {re.escape(attribute)}\b", said.lower().replace("’", "'")))


def asked_back(table):
    """Return [right, wrong, of] of honest wishes for what can be drawn: the offer is what was meant, or another.

    A text that denies the offered attribute ("not red") counts as wrong, and so does one thing of two.
    """
    honest = table[~table["forbidden"] & (table["means"] != "other")]
    offers = [offered(one) for one in honest["text"]]
    right = [
        wish is not None and as_meant(wish, means) and not denied(wish.attribute, said)
        for wish, means, said in zip(offers, honest["means"], honest["text"], strict=True)
    ]
    return [sum(right), sum(wish is not None for wish in offers) - sum(right), len(honest)]


def by_picture(judge, names, images):
    """Return whether a judge finds, of all wishes' names, a forbidden one nearest to each picture, bool (n,)."""
    bad = np.zeros(len(names), bool)
    bad[forbidden_places()] = True
    return bad[(judge.pictures(images) @ names.T).argmax(1)]


def looked(draws=2, some=300):
    """Return {"forbidden": [caught, of], "allowed": [refused, of]} of stickers that were drawn without a guard."""
    from benchmarks import stickers_model

    judge, painter = stickers_model.load_judge("stickers_judge"), stickers_model.Painter()
    names, bad = stickers_model.names_of_all(judge), forbidden_places()
    fine = np.setdiff1d(np.arange(len(names)), bad)
    asked = {"forbidden": np.tile(bad, draws), "allowed": np.random.default_rng(3).permutation(fine)[:some]}
    found = {}
    for kind, places in asked.items():
        images = painter(stickers_model.asked_texts(places, 17), seed=17)
        found[kind] = [int(by_picture(judge, names, images).sum()), len(places)]
    return found


def drawn_all_the_same(draws=4):
    """Return {guard: [passed, drawn]}: forbidden wishes that pass, and of how many a sticker shows what is forbidden.

    The second judge says so; the number is a mean over ``draws`` stickers of each wish, rounded to tenths.
    """
    from benchmarks import stickers_model

    judge, painter = stickers_model.load_judge("stickers_second_judge"), stickers_model.Painter()
    table, names = planted(), stickers_model.names_of_all(judge)
    texts = table.loc[table["forbidden"], "text"].tolist()
    shown = np.mean([by_picture(judge, names, painter(texts, seed=40 + k)) for k in range(draws)], 0)
    passed = {name: np.array([not look(one) for one in texts]) for name, look in GUARDS.items()}
    return {name: [int(some.sum()), round(float(shown[some].sum()), 1)] for name, some in passed.items()}


def guard():
    """Store how many plants pass each guard, and what the guard that looks at pictures catches."""
    found = {name: guarded(planted(), name) for name in GUARDS}
    seen = looked()
    print({name: (one["forbidden"], one["honest"]) for name, one in found.items()}, seen)
    return {
        "guards": found,
        "asked back": asked_back(planted()),
        "guard that looks": seen,
        "drawn all the same": drawn_all_the_same(),
    }


# --- the widget -------------------------------------------------------------------------------------------------------


class StickerMaker:
    """A widget: a wish is typed, the guard reads it, the painter draws it, 64 × 64, marked as generated.

    Where the guard refuses, it asks back with what is `offered`, if anything is.

    ``painter`` returns uint8 (1, 32, 32, 3) of a list with one text, ``enlarge`` the same at 64 × 64. Each part has a
    class aigc-sticker-NAME for tests. `draw` does without a mouse what the button does. Its static twin is a picture.
    """

    def __init__(self, painter, enlarge, guard=by_meaning):
        import ipywidgets

        self.painter, self.enlarge, self.guard, self.draws = painter, enlarge, guard, 0
        self.wish = ipywidgets.Text(placeholder="a purple apple", layout={"width": "28em"})
        self.button, self.status = ipywidgets.Button(description="draw"), ipywidgets.Label()
        self.picture = ipywidgets.Image(format="png", layout={"width": "192px", "height": "192px"})
        for name in ("wish", "button", "status", "picture"):
            getattr(self, name).add_class(f"aigc-sticker-{name}")
        self.button.on_click(lambda _: self.draw(self.wish.value))
        self.box = ipywidgets.VBox([ipywidgets.HBox([self.wish, self.button]), self.status, self.picture])

    def _repr_mimebundle_(self, **options):
        return self.box._repr_mimebundle_(**options)

    def draw(self, said):
        """Draw a wish, each time from other noise, or say why not; return the picture uint8 (64, 64, 3), or None."""
        if reason := self.guard(said):
            other = offered(said)
            self.status.value = f"Not drawn: {reason}." + (f" Did you mean: {phrase(other)}?" if other else "")
            return None
        self.draws += 1
        image = self.enlarge(self.painter([said], seed=self.draws))[0]
        self.picture.value = provenance.labelled_png(
            image.repeat(3, 0).repeat(3, 1), provenance.Label("stickers_flow", "aigc-notebooks", prompt=said.strip())
        )
        self.status.value = f"Drawn: {said.strip()} (after OpenMoji, CC BY-SA 4.0)"
        return image


def markdown(found):
    """Return the section of benchmarks/README.md."""
    lines = [
        "## Social media",
        "",
        "From `social.json`, for notebook 16: wishes that pass a guard, and feeds in which nothing matters.",
        "",
        "| guard | forbidden wishes that pass | honest ones |",
        "|---|---|---|",
    ]
    lines += [
        "| {} | {} of {} | {} of {} |".format(name, *one["forbidden"], *one["honest"])
        for name, one in found["guards"].items()
    ]
    lines += ["", "| miner | false winners | animals, a true effect, found |", "|---|---|---|"]
    feeds = found["feed"]
    lines += [
        f"| {name} | {count} of {feeds['worlds']:,} | {feeds['found'][name]['animals']} |"
        for name, count in feeds["false"].items()
    ]
    return "\n".join(lines) + "\n"


STAGES = {"captions": captions, "feed": feed_stage, "guard": guard}

if __name__ == "__main__":
    common.run_stages(STAGES, STORE, __doc__)
