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
ALIKE = {"−": " minus ", "‐": "-", "‑": "-", "\u00a0": " ", "\u2009": " ", "\u202f": " "}  # what a text editor puts in
SHORT = {  # abbreviations, with the full stop where there is one
    "mr.": "mister",
    "mrs.": "missus",
    "ms.": "miz",
    "dr.": "doctor",
    "prof.": "professor",
    "ext.": "extension",
    "dept.": "department",
    "e.g.": "for example",
    "i.e.": "that is",
    "etc.": "et cetera",
    "vs.": "versus",
    "approx.": "approximately",
    "min.": "minimum",
    "hrs.": "hours",
    "a.m.": "a m",
    "p.m.": "p m",
    "ave.": "avenue",
    "st.": "street",
    "inc.": "incorporated",
    "ltd.": "limited",
}
MONEY = {"$": ("dollar", "cent"), "€": ("euro", "cent"), "£": ("pound", "penny")}
KEY = "extension|code|pin|password|room|flight|ext\\.|(?:account|order|card|phone|reference|customer) number"
LETTER_BY_LETTER = re.compile(rf"(?i)\b(?:number|(?:{KEY})(?:\s+is|:)?)\s+$")


# --- what is not a word ----------------------------------------------------------------------------------------------


def whole(number):
    """Return a whole number from 0, as text of digits, in words: "1234" is "one thousand two hundred thirty four"."""
    import num2words

    if len(number) > 15:
        return singly(number)
    return re.sub(r" and |, |-", " ", num2words.num2words(int(number)))


def singly(digits):
    """Return the digits of a text read one by one: "505" is "five zero five"."""
    return " ".join(whole(digit) for digit in digits if digit.isdigit())


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
LARGE = {"k": "thousand", "M": "million", "thousand": "thousand", "million": "million", "billion": "billion"}
READINGS = [  # a pattern, and how what it finds is read; the first that fits is taken, from left to right
    (r"\+\d[\d ()-]{6,}\d", lambda m: f"plus {singly(m[0])}"),
    (r"\(\d{3}\) ?\d{3}-\d{4}\b|\b\d+(?:-\d+){2,}\b|\b\d{4}(?: \d{4})+\b", lambda m: singly(m[0])),
    (
        rf"([$€£])\s?({NUMBER})\s?({'|'.join(LARGE)})\b",
        lambda m: f"{decimal(m[2])} {LARGE[m[3]]} {MONEY[m[1]][0]}s",
    ),
    (rf"([$€£])\s?({NUMBER})", lambda m: price(m[1], m[2])),
    (r"\b([01]?\d|2[0-3]):([0-5]\d)(?!\d)", lambda m: clock(str(int(m[1])), m[2])),
    (r"\b(\d+)(?:st|nd|rd|th)\b", lambda m: ordinal(m[1])),
    (rf"({NUMBER})\s?€", lambda m: price("€", m[1])),
    (r"(?<![\w.])\d{3}-\d{4}\b", lambda m: singly(m[0])),
    (r"\b(\d{1,2})\.(\d+\.\d+)\b", lambda m: f"{whole(m[1])} point " + " point ".join(map(whole, m[2].split(".")))),
    (rf"(?<![\w.])-({NUMBER})", lambda m: f"minus {decimal(m[1])}"),
    (rf"({NUMBER})\s?%", lambda m: f"{decimal(m[1])} percent"),
    (r"(?<![\w.])\.(\d+)", lambda m: f"point {singly(m[1])}"),
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
    text = text.translate(str.maketrans(ALIKE))
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
    text = read_numbers(unfolded(text))
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


# --- what is written short --------------------------------------------------------------------------------------------

MONTHS = re.findall(r"\w+", "January February March April May June July August September October November December")
DAYS = re.findall(r"\w+", "Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
MONTH = rf"\b({'|'.join(MONTHS)}|Sept|{'|'.join(m[:3] for m in MONTHS)})\b\.?"
DAY = rf"\b({'|'.join(DAYS)}|Tues|Thurs|Thur|{'|'.join(d[:3] for d in DAYS)})\b\.?"
YEAR = r"((?:19|20)\d\d)"
DATE = r"(0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
TO = r"\s?[-–—]\s?"
AMOUNT = rf"(?:[$€£]\s?)?(?:{NUMBER})(?::[0-5]\d)?(?:st|nd|rd|th|\s?[ap]\.?m\b\.?)?"
UNITS = {
    **{"km": "kilometer", "m": "meter", "cm": "centimeter", "mm": "millimeter", "kg": "kilogram", "g": "gram"},
    **{
        "l": "liter",
        "ml": "milliliter",
        "MB": "megabyte",
        "GB": "gigabyte",
        "h": "hour",
        "hrs": "hour",
        "min": "minute",
    },
    **{"sec": "second", "mph": "mile per hour", "km/h": "kilometer per hour", "lbs": "pound"},
    **{"°C": "degree Celsius", "°F": "degree Fahrenheit"},
}


def year(number):
    """Return a year from 1900 in words: "1999" is "nineteen ninety nine", "2005" is "two thousand five"."""
    import num2words

    return re.sub(r" and |-", " ", num2words.num2words(int(number), to="year"))


def decade(number):
    """Return "1990" as "nineteen nineties"."""
    return re.sub("y$", "ies", year(number)) if number[-2:] != "00" else f"{year(number)}s"


def date(month, day="", of_year="", last=""):
    """Return a date in words: a month (name, its beginning or number), its day or days, and the year where given."""
    name = MONTHS[int(month) - 1] if month.isdigit() else next(m for m in MONTHS if m.startswith(month[:3]))
    days = f" {ordinal(day)}" + (f" to {ordinal(last)}" if last else "") if day else ""
    return f"{name}{days}" + (f" {year(of_year)}" if of_year else "")


def by_numbers(match):
    """Return a date such as 5/4/2026 in words: the month first, as Americans write; the day where it is above 12."""
    first, second, of_year = match.groups()
    month, day = (first, second) if int(first) <= 12 else (second, first)
    return date(month, day, of_year) if 1 <= int(month) <= 12 and 1 <= int(day) <= 31 else match[0]


def weekday(short):
    """Return the name of a day of the week from its beginning."""
    return next(day for day in DAYS if day.startswith(short[:3]))


def dated(match):
    """Return "25 December 2026" as "the twenty fifth of December twenty twenty six"."""
    day, month, of_year = match.groups()
    return f"the {ordinal(day)} of {date(month, '', of_year)}"


def unit(number, name):
    """Return a number and its unit in words, in the plural where it is not 1."""
    first, _, rest = UNITS[name].partition(" ")
    return " ".join(filter(None, [several(number, first), rest]))


def span(match):
    """Return a range with "to"; 555-0199 is a telephone number and stays."""
    one, other = match.groups()
    if re.fullmatch(r"\d{3}-\d{4}", match[0]):
        return match[0]
    if re.fullmatch(YEAR, one) and re.fullmatch(YEAR, other):
        return f"{year(one)} to {year(other)}"
    sign = other[0] if one[0] == other[0] and one[0] in MONEY else ""
    sign = one[0] if one[0] in MONEY and other[0] not in MONEY else sign
    return f"{one.lstrip('$€£ ') if sign else one} to {sign}{other.lstrip('$€£ ') if sign else other}"


def capitals(match):
    """Return capitals letter by letter where no vowel is among them, or where the dictionary says them so."""
    word = match[0].lower()
    letters = [("EY",) if letter == "a" else dictionary()[letter][0] for letter in word]
    spelt = tuple(phone for said in letters for phone in said)
    return " ".join(word) if not set(word) & set("aeiouy") or spelt in dictionary().get(word, ()) else match[0]


REWRITTEN = [  # tried one after the other on the whole text, before numbers are read
    (rf"\b{YEAR}-(\d\d)-(\d\d)\b", lambda m: by_numbers(re.match(r"(.+)/(.+)/(.+)", f"{m[2]}/{m[3]}/{m[1]}"))),
    (rf"\b(\d\d?)/(\d\d?)/{YEAR}\b", by_numbers),
    (rf"{MONTH}\s+{DATE}{TO}{DATE}(?![\d:])(?:,?\s*{YEAR}\b)?", lambda m: date(m[1], m[2], m[4], m[3])),
    (rf"{MONTH}\s+{DATE}(?![\d:]|[.,]\d|\s?[ap]\.?m)(?:,?\s*{YEAR}\b)?", lambda m: date(m[1], m[2], m[3])),
    (rf"\b(?:the\s+)?{DATE}\s+(?:of\s+)?{MONTH}(?:,?\s+{YEAR}\b)?", dated),
    (rf"{MONTH},?\s+{YEAR}\b", lambda m: date(m[1], "", m[2])),
    (r"\b((?:19|20)\d0)s\b", lambda m: decade(m[1])),
    (
        r"(?i)\b(in|since|until|till|before|after|from|by|year|(?:end|start|beginning|spring|summer|autumn|winter) of)"
        rf"\s+{YEAR}(?:(\s+to\s+|{TO}){YEAR})?(?!\d|[.,:/]\d|\s?[%€]|\s+(?:people|callers|customers|euros|dollars|cases))",
        lambda m: f"{m[1]} {year(m[2])}" + (f" to {year(m[4])}" if m[4] else ""),
    ),
    (rf"{DAY}{TO}{DAY}", lambda m: f"{weekday(m[1])} to {weekday(m[2])}"),
    (rf"(?<!\w ){DAY}(?=,|\s+(?:at|{MONTH}|\d))|\b(Mon|Tues?|Wed|Thu|Thurs?|Fri)\b\.?", lambda m: weekday(m[0])),
    (r"\b(Jan|Feb|Apr|Aug|Sept?|Oct|Nov|Dec)\b\.?", lambda m: date(m[1])),
    (rf"(?<![\w.:/-])({AMOUNT}){TO}({AMOUNT})(?![-\d])", span),
    (r"(\d)\s?([AaPp])\.?\s?[Mm]\b(?:\.(?!$))?", lambda m: f"{m[1]} {m[2].lower()} m"),
    (
        rf"(?<![\d,])({NUMBER})\s?({'|'.join(sorted(UNITS, key=len, reverse=True))})(?!\w)\.?",
        lambda m: unit(m[1], m[2]),
    ),
    (r"\b24/7\b", lambda m: "twenty four seven"),
    (r"\b[Nn]o\.\s?(?=\d)|(?<!press )(?<!dial )(?<!then )(?<!or )(?<!and )(?<=\s)#(?=\d)", lambda m: "number "),
    (r"((?:^|[.!?]\s)(?:[A-Z][a-z]+\s)?|\b[a-z]+\s)St\.(?=\s[A-Z])", lambda m: f"{m[1]}Saint"),
    (r"(\b[A-Z][a-z]+\s)Dr\.(?!\s[A-Z])", lambda m: f"{m[1]}Drive"),
    (r"(?<=[a-z\d]{2})\.(?=[a-z]{2})", lambda m: " dot "),
    (r"\bwww\b", lambda m: "w w w"),
]
MINUS = re.compile(r"(?<=[\d²³)])\s?-\s?(?=[\d(a-z])|(?<=\b[a-z])\s?-\s?(?=\d)|(?<=\s)-(?=\s)")  # beside an equals
UNCLEAR = re.compile(r"\d+/\d+(?:/\d+)*|\d+(?::\d+)+|\d+,\d+(?:,\d+)*|\d+,\d+\.\d+")
CLEAR = re.compile(rf"(?:[01]?\d|2[0-3]):[0-5]\d|{NUMBER}")


def unfolded(text):
    """Return a text whose dates, years, ranges, units and capitals are words or clearer; ValueError: read in two ways.

    A date by numbers is American, with the month first. A fraction, a ratio and a decimal comma are refused.
    """
    if "=" in text:
        text = MINUS.sub(" minus ", text)
    for pattern, say in REWRITTEN:
        text = re.sub(pattern, say, text)
    if re.search("[a-z]", text):  # else all of it is in capitals
        text = re.sub(r"\b[A-Z]{2,5}\b(?!')", capitals, text)
    if two_ways := [m[0] for m in UNCLEAR.finditer(text) if not CLEAR.fullmatch(m[0])]:
        raise ValueError(f"received {two_ways[0]!r}, which has no single reading; write it as words.")
    return text


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
    """Return [(word, phonemes)] of a text; a stop is (",", ("SIL",)), and the letter A among letters is EY."""
    said = words(text)
    spoken = [(word, ("SIL",) if word == "," else look_up(word, rules)[0]) for word in said]
    for k in [k for k, word in enumerate(said) if word == "a"]:
        before, behind = said[k - 1] if k else "", said[k + 1] if k + 1 < len(said) else ""
        if behind == "m" or (len(before) == 1 and before not in "ai,"):
            spoken[k] = ("a", ("EY",))
    return spoken


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
