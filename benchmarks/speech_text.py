"""From a text to phonemes: what is not a word is read out, words are looked up, unknown words are spelt into sounds.

Taught in 18_case_speech. Words are lower-case; phonemes are those of the CMU dictionary without stress ("AH", "K", …).
The dictionary travels with the package pocketsphinx (BSD); `train_letters` learns from it how letters sound.
"""

import functools
import gzip
import importlib.util
import json
import re
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

MOST_WORDS = 2000  # of one text; a longer one is cut by whoever asks, at its paragraphs
SIGNS = {"*": "star", "#": "pound", "&": "and", "@": "at", "+": "plus", "%": "percent", "=": "equals", "°": "degrees"}
SILENT = set(" \t\n.,;:!?'’‘\"“”()[]/-–—…$€£")  # pauses, brackets, and what belongs to a number
RAISED = {"²": " squared", "³": " cubed"}
SHORT = {  # abbreviations, with the full stop where there is one
    "mr.": "mister",
    "mrs.": "missus",
    "ms.": "miz",
    "dr.": "doctor",
    "prof.": "professor",
    "no.": "number",
    "ext.": "extension",
    "dept.": "department",
    "e.g.": "for example",
    "i.e.": "that is",
    "etc.": "et cetera",
    "vs.": "versus",
    "approx.": "approximately",
    "min.": "minutes",
    "hrs.": "hours",
    "a.m.": "a m",
    "p.m.": "p m",
    "ave.": "avenue",
    "st.": "street",
    "inc.": "incorporated",
    "ltd.": "limited",
}
MONEY = {"$": ("dollar", "cent"), "€": ("euro", "cent"), "£": ("pound", "penny")}
LETTER_BY_LETTER = re.compile(r"(?i)\b(extension|number|code|pin|password|room|ext\.)\s+$")


# --- what is not a word ----------------------------------------------------------------------------------------------


def whole(number):
    """Return a whole number from 0, as text of digits, in words: "1234" is "one thousand two hundred thirty four"."""
    import num2words

    if len(number) > 15:
        return singly(number)
    return re.sub(r" and |, |-", " ", num2words.num2words(int(number)))


def singly(digits):
    """Return digits read one by one: "505" is "five zero five"."""
    return " ".join(whole(digit) for digit in digits)


def decimal(number):
    """Return a number such as "28.80" in words, with every decimal: num2words drops the last zero."""
    before, _, behind = number.replace(",", "").partition(".")
    return whole(before or "0") + (f" point {singly(behind)}" if behind else "")


def clock(hours, minutes):
    """Return a time in words: 10 and "05" is "ten oh five", 9 and "00" is "nine o'clock"."""
    if int(minutes) == 0:
        return f"{whole(hours)} o'clock"
    return f"{whole(hours)} {'oh ' if int(minutes) < 10 else ''}{whole(str(int(minutes)))}"


def several(number, unit):
    """Return a number and its unit: "one dollar", "two dollars", "two pence"."""
    plural = "pence" if unit == "penny" else f"{unit}s"
    return f"{decimal(number)} {unit if float(number.replace(',', '')) == 1 else plural}"


def price(sign, amount):
    """Return a price in words: "$" and "4.50" is "four dollars and fifty cents"."""
    large, small = MONEY[sign]
    units, _, parts = amount.replace(",", "").partition(".")
    if len(parts) not in {0, 2}:  # $1.5 is no amount of cents
        return several(amount, large)
    said = [several(str(int(units or 0)), large)] if int(units or 0) or not int(parts or 0) else []
    return " and ".join(said + ([several(str(int(parts)), small)] if int(parts or 0) else []))


def ordinal(number):
    """Return an ordinal in words: "22" is "twenty second"."""
    import num2words

    return num2words.num2words(int(number), to="ordinal").replace("-", " ").replace(" and ", " ").replace(",", "")


NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
READINGS = [  # a pattern, and how what it finds is read; the first that fits is taken, from left to right
    (rf"([$€£])({NUMBER})", lambda m: price(m[1], m[2])),
    (r"\b([01]?\d|2[0-3]):([0-5]\d)(?!\d)", lambda m: clock(str(int(m[1])), m[2])),
    (r"\b(\d+)(?:st|nd|rd|th)\b", lambda m: ordinal(m[1])),
    (rf"({NUMBER})\s?€", lambda m: price("€", m[1])),
    (r"(?<![\w.])(?:\d-)?(?:\d{3}-)?\d{3}-\d{4}\b", lambda m: singly(m[0].replace("-", ""))),
    (r"\b(\d{1,2})\.(\d+\.\d+)\b", lambda m: f"{whole(m[1])} point " + " point ".join(map(whole, m[2].split(".")))),
    (rf"(?<![\w.])-({NUMBER})", lambda m: f"minus {decimal(m[1])}"),
    (rf"({NUMBER})\s?%", lambda m: f"{decimal(m[1])} percent"),
    (r"(?<![\d.,])(0\d+)(?![\d,]|\.\d)", lambda m: singly(m[1])),
    (NUMBER, lambda m: decimal(m[0])),
]


def read_numbers(text):
    """Return a text whose times, prices, ordinals and numbers are words; after "extension" digits are read singly."""
    patterns = [(re.compile(pattern), say) for pattern, say in READINGS]
    said, place = [], 0
    while place < len(text):
        found = [(m.start(), k, m) for k, (pattern, _) in enumerate(patterns) if (m := pattern.search(text, place))]
        if not found:
            break
        start, k, match = min(found, key=lambda entry: entry[:2])
        before = text[place:start]
        spelt = match[0].isdigit() and len(match[0]) > 2 and LETTER_BY_LETTER.search(before)
        said += [before, f" {singly(match[0]) if spelt else patterns[k][1](match)} "]
        place = match.end()
    return "".join(said) + text[place:]


def checked(text):
    """Return a text to be spoken; ValueError, with what to do: nothing to say, another script or sign, or too long."""
    if not isinstance(text, str) or not (re.search(r"[^\W_]", text) or set(text) & set(SIGNS)):
        raise ValueError(f"received {text!r}; expected a text with at least one word or number.")
    strange = sorted({c for c in text if c.isalpha() and not c.isascii() and not "À" <= c <= "ɏ"})
    if strange:
        shown = "".join(strange[:8])
        raise ValueError(
            f"received characters that are not Latin ({shown}); translate the text first, as 07_text does."
        )
    known = {*SILENT, *SIGNS, *RAISED}
    if unread := sorted({c for c in text if not c.isalpha() and not (c.isascii() and c.isdigit())} - known):
        raise ValueError(f"received signs that are not read ({''.join(unread[:8])}); write them as words.")
    if (count := len(text.split())) > MOST_WORDS:
        raise ValueError(f"received {count:,} words; expected at most {MOST_WORDS:,}: cut the text at its paragraphs.")
    return text


def words(text):
    """Return the words (lower-case, letters and apostrophes) that are said for a text; commas and stops are ","."""
    import unicodedata

    text = re.sub("[²³]", lambda sign: RAISED[sign[0]], checked(text)).replace("’", "'")
    text = read_numbers(text)
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    said = []
    for token in re.findall(r"[A-Za-z][A-Za-z.]*\.(?!\w)|[A-Za-z]+(?:'[A-Za-z]+)*|[*#&@+%=°]|[.,;:!?]", text):
        said += spelt_out(token)
    while said and said[-1] == ",":
        said.pop()
    return [word for k, word in enumerate(said) if word != "," or (k and said[k - 1] != ",")]


def spelt_out(token):
    """Return the words said for one token: a word, an abbreviation, capitals such as "PBX", a sign or a stop."""
    if token in SIGNS:
        return [SIGNS[token]]
    if token.lower() in SHORT:
        return SHORT[token.lower()].split()
    stop = [","] if token[-1] in ".,;:!?" else []
    bare = token.rstrip(".,;:!?")
    if "." in bare or (bare.isupper() and 1 < len(bare) <= 5 and bare.lower() not in dictionary()):
        return [*bare.replace(".", "").lower(), *stop]
    return ([bare.lower()] if bare else []) + stop


# --- the dictionary --------------------------------------------------------------------------------------------------


@functools.cache
def dictionary():
    """Return {word: its pronunciations, each a tuple of phonemes} as pocketsphinx has it, the usual one first."""
    found = importlib.util.find_spec("pocketsphinx")
    if found is None:
        raise ImportError("the dictionary travels with the package pocketsphinx: pip install pocketsphinx.")
    path = Path(found.origin).parent / "model" / "en-us" / "cmudict-en-us.dict"
    entries = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        word, *phones = line.split()
        entries[re.sub(r"\(\d+\)$", "", word)].append(tuple(phones))
    return dict(entries)


def look_up(word, rules):
    """Return (phonemes, known) of a word: from the dictionary, else without its 's or by the rules for letters."""
    known = dictionary()
    if word in known:
        return known[word][0], True
    if word.endswith("'s") and (stem := word[:-2]) in known:
        voiced = known[stem][0][-1] not in {"P", "T", "K", "F", "TH"}
        hiss = known[stem][0][-1] in {"S", "Z", "SH", "ZH", "CH", "JH"}
        return (*known[stem][0], *(("IH", "Z") if hiss else ("Z",) if voiced else ("S",))), True
    return rules(word), False


def phonemes(text, rules):
    """Return [(word, phonemes)] of a text; a stop is (",", ("SIL",))."""
    return [(word, ("SIL",) if word == "," else look_up(word, rules)[0]) for word in words(text)]


# --- letters to sounds -----------------------------------------------------------------------------------------------

MOST_SOUNDS = 2  # of one letter: x is K S
SIDES = [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (4, 4)]  # letters to the left and right that are seen


def aligned(word, phones, cost):
    """Return the sounds (a tuple of up to two phonemes) of each letter, by the least sum of ``cost`` (letter, sounds).

    None where a word has more sounds than two a letter. Dynamic programming over (letters, phonemes) done.
    """
    best = [{0: (0.0, None)}]
    for k, letter in enumerate(word):
        row = {}
        for done, (total, _) in best[k].items():
            for many in range(min(MOST_SOUNDS, len(phones) - done) + 1):
                now = total + cost(letter, phones[done : done + many])
                if done + many not in row or now < row[done + many][0]:
                    row[done + many] = (now, many)
        best.append(row)
    done, sounds = len(phones), []
    if done not in best[-1]:
        return None
    for k in range(len(word), 0, -1):
        many = best[k][done][1]
        sounds.append(phones[done - many : done])
        done -= many
    return sounds[::-1]


def fit_alignment(pairs, rounds=5):
    """Return ``cost`` of `aligned`, from (word, phonemes) pairs: aligned, counted, aligned again (hard EM)."""
    first = {0: 1.5, 1: 1.0, 2: 3.0}
    own = {"a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH", "j": "JH"}
    own |= {"k": "K", "l": "L", "m": "M", "n": "N", "o": "AA", "p": "P", "q": "K", "r": "R", "s": "S", "t": "T"}
    own |= {"u": "AH", "v": "V", "w": "W", "x": "K", "y": "IY", "z": "Z"}
    cost = lambda letter, sounds: first[len(sounds)] - (own.get(letter) in sounds)  # noqa: E731
    for _ in range(rounds):
        counts = defaultdict(Counter)
        for word, phones in pairs:
            for letter, sounds in zip(word, aligned(word, phones, cost) or (), strict=False):
                counts[letter][sounds] += 1
        table = {
            (letter, sounds): -np.log((n + 0.1) / (seen.total() + 100))
            for letter, seen in counts.items()
            for sounds, n in seen.items()
        }
        cost = lambda letter, sounds, table=table: table.get((letter, sounds), 12.0)  # noqa: E731
    return cost


def window(word, k, sides):
    """Return what is seen at letter k of a word: so many letters to its left and right; "_" is outside."""
    left, right = sides
    padded = "_" * left + word + "_" * right
    return padded[k : k + left + 1 + right]


def train_letters(pairs, cost, least=2):
    """Return rules {(number of the sides, window): sounds}: of each window the most frequent sounds.

    A window seen less than ``least`` times is no rule, nor is one that says what the next smaller window says.
    """
    counts = [defaultdict(Counter) for _ in SIDES]
    for word, phones in pairs:
        for k, sounds in enumerate(aligned(word, phones, cost) or ()):
            for level, sides in enumerate(SIDES):
                counts[level][window(word, k, sides)][sounds] += 1
    rules = {}
    for level, (sides, seen) in enumerate(zip(SIDES, counts, strict=True)):
        for key, found in seen.items():
            sounds, many = found.most_common(1)[0]
            if found.total() >= least and many and said_below(rules, key, sides, level) != sounds:
                rules[level, key] = sounds
    return rules


def said_below(rules, key, sides, level):
    """Return what the smaller windows inside ``key``, a window of ``sides``, say; the largest one that is a rule."""
    for k in range(level - 1, -1, -1):
        left, right = SIDES[k]
        inner = key[sides[0] - left : sides[0] + 1 + right]
        if (k, inner) in rules:
            return rules[k, inner]
    return None


def spell(word, rules, levels=None):
    """Return the phonemes of a word by the rules: each letter by the largest window that is one; () if none is."""
    sounds, letters = [], re.sub("[^a-z]", "", word)
    for k in range(len(letters)):
        for level in range((levels or len(SIDES)) - 1, -1, -1):
            if (said := rules.get((level, window(letters, k, SIDES[level])))) is not None:
                sounds += said
                break
    return tuple(sounds) or ("AH",)


def distance(said, right):
    """Return the least number of phonemes that are put in, left out or exchanged (Levenshtein 1966)."""
    row = list(range(len(right) + 1))
    for i, one in enumerate(said, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(right, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (one != other))
    return row[-1]


def error_rate(spoken, pronunciations):
    """Return (phoneme error rate, share of words that are wrong) of [phonemes] against [their pronunciations].

    Of a word's pronunciations the nearest counts; the rate is the sum of distances by the sum of lengths.
    """
    nearest = [
        min((distance(said, right), len(right)) for right in rights)
        for said, rights in zip(spoken, pronunciations, strict=True)
    ]
    errors, lengths = np.array(nearest).T
    return float(errors.sum() / lengths.sum()), float((errors > 0).mean())


def plain_words():
    """Return {word: pronunciations} of the dictionary's words of two letters or more, letters only."""
    return {word: said for word, said in dictionary().items() if re.fullmatch("[a-z]{2,}", word)}


def split_by_beginning(entries, held_out, seed):
    """Return (training, test) parts of {word: …}: about ``held_out`` test words, no beginning of five in both.

    "appendix" and "appendixes" are on one side, so a held-out word is one whose family was not learnt from.
    """
    families = defaultdict(list)
    for word in sorted(entries):
        families[word[:5]].append(word)
    names, test = sorted(families), set()
    for k in np.random.default_rng(seed).permutation(len(names)):
        if len(test) >= held_out:
            break
        test |= set(families[names[k]])
    return {w: e for w, e in entries.items() if w not in test}, {w: entries[w] for w in sorted(test)}


def save_rules(rules, path):
    """Write rules as gzipped JSON, the same bytes each time."""
    rows = {f"{level} {key}": " ".join(sounds) for (level, key), sounds in sorted(rules.items())}
    with open(path, "wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as packed:
        packed.write(json.dumps(rows, separators=(",", ":")).encode())


def load_rules(path):
    """Return rules that `save_rules` wrote."""
    rows = json.loads(gzip.decompress(Path(path).read_bytes()))
    return {(int(name[0]), name[2:]): tuple(said.split()) for name, said in rows.items()}
