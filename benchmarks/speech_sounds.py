"""From words to phonemes: looked up in a dictionary, or spelt by rules that were learnt from it.

Taught in 18_case_speech. Phonemes are those of the CMU dictionary without stress ("AH", "K", …). Of each letter of an
unknown word the largest window of neighbours that has a rule decides.
"""

import gzip
import json
import re
from collections import Counter, defaultdict
from pathlib import Path

from benchmarks.speech_text import dictionary, words

import numpy as np


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
