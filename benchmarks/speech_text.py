"""From a text to the words that are said: numbers, dates, prices, units, capitals and signs are read out.

Taught in 18_case_speech. Words are lower-case; speech_sounds turns them into phonemes. The dictionary travels with the
package pocketsphinx (BSD).
"""

import functools
import importlib.util
import re
from collections import defaultdict
from pathlib import Path

MOST_WORDS = 2000  # of one text; a longer one is cut by whoever asks, at its paragraphs
SIGNS = {
    **{"*": "star", "#": "pound", "&": "and", "@": "at", "+": "plus", "%": "percent", "=": "equals"},
    **{"°": "degrees", "×": "times"},
}
SILENT = set(" \t\n.,;:!?'’‘\"“”()[]/-–—…$€£¢")  # pauses, brackets, and what belongs to a number
RAISED = {"²": " squared", "³": " cubed"}
ALIKE = {  # what a text editor puts in
    **{"−": " minus ", "‐": "-", "‑": "-", "\u00a0": " ", "\u2009": " ", "\u202f": " "},
    **{"½": " 1/2", "¼": " 1/4", "¾": " 3/4"},
}
SHORT = {  # abbreviations, with the full stop where there is one
    **{"mr.": "mister", "mrs.": "missus", "ms.": "miz", "dr.": "doctor", "prof.": "professor", "jr.": "junior"},
    **{"ext.": "extension", "dept.": "department", "e.g.": "for example", "i.e.": "that is", "etc.": "et cetera"},
    **{"vs.": "versus", "approx.": "approximately", "min.": "minimum", "hrs.": "hours", "a.m.": "a m", "p.m.": "p m"},
    **{"ave.": "avenue", "st.": "street", "rd.": "road", "blvd.": "boulevard", "apt.": "apartment", "mt.": "mount"},
    **{"bldg.": "building", "ste.": "suite", "hwy.": "highway", "inc.": "incorporated", "ltd.": "limited"},
    **{"corp.": "corporation", "co.": "company", "tel.": "telephone", "incl.": "including", "sr.": "senior"},
}
MONEY = {
    **{"$": ("dollar", "cent"), "US$": ("dollar", "cent"), "USD": ("dollar", "cent"), "CHF": ("franc", "centime")},
    **{"€": ("euro", "cent"), "EUR": ("euro", "cent"), "£": ("pound", "penny"), "GBP": ("pound", "penny")},
}
PLURALS = {"penny": "pence", "foot": "feet", "inch": "inches"}
KEY = (  # what has a name of digits
    "extension|ext\\.|code|pin|passcode|password|room|gate|flight|zip|dial|digits|ticket|invoice|reference|serial|"
    "account|card|booking|confirmation|tracking|member|policy"
)
LOOSE = "order|case|call|text|bus|train|part|model|suite|(?:ends|ending|ended) (?:in|with)"  # or a count follows
LETTERS = r"(?:[A-Z]{1,3}[- ]?|(?:[a-z] ){1,3})?$"  # between a key and its digits: "flight LH 441"
NAMED = re.compile(
    rf"\b(?i:numbers?|(?:{KEY})s?(?:\s(?:numbers?|no\.|code|id))?)"
    rf"(?:\s(?:is|are|was|ends in|ending in)|:)?\s+{LETTERS}"
)
LOOSELY = re.compile(rf"\b(?i:{LOOSE})(?:\sis|\sto|:)?\s+{LETTERS}")


# --- numbers ---------------------------------------------------------------------------------------------------------


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
    plural = PLURALS.get(unit, f"{unit}s")
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


def year(number):
    """Return a year, or the number of a house, in words: "1999" is "nineteen ninety nine", "305" is "three oh five"."""
    import num2words

    return re.sub(r" and |-", " ", num2words.num2words(int(number), to="year"))


def tens(number):
    """Return "1990" as "nineteen nineties", "80" as "eighties"."""
    said = year(number) if len(number) == 4 else whole(number)
    return re.sub("y$", "ies", said) if said.endswith("y") else f"{said}s"


NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
LARGE = {
    **{"k": "thousand", "M": "million", "bn": "billion"},
    **{"thousand": "thousand", "million": "million", "billion": "billion", "trillion": "trillion"},
}
SIGN = r"(US\$|[$€£]|USD|EUR|GBP|CHF)"
TELEPHONE = (
    r"\(\d{3}\) ?\d{3}-\d{4}\b|\b\d+(?:-\d+){2,}\b|\b\d{4}(?: \d{4})+\b|\b\d{3}(?:[. ]\d{3})?[. ]\d{4}\b|"
    r"\b0\d+(?: \d{2,})+\b|\b\d{3}-\d{4}\b|\b\d{5}-\d{4}\b|\b1-8\d\d(?=-[A-Z])"
)
READINGS = [  # a pattern, and how what it finds is read; the first that fits is taken, from left to right
    (r"\+\d[\d ()-]{6,}\d", lambda m: f"plus {singly(m[0])}"),
    (rf"(?<![\w.])(?:{TELEPHONE})", lambda m: singly(m[0])),
    (
        rf"{SIGN}\s?({NUMBER})\s?({'|'.join(LARGE)})\b",
        lambda m: f"{decimal(m[2])} {LARGE[m[3]]} {MONEY[m[1]][0]}s",
    ),
    (rf"{SIGN}\s?({NUMBER})", lambda m: price(m[1], m[2])),
    (r"\b(1?\d)[:.]00(?= [ap] m\b)", lambda m: whole(m[1])),
    (
        r"\b([01]?\d|2[0-3]):([0-5]\d)(?!\d)|\b(1?\d)\.([0-5]\d)(?= [ap] m\b)",
        lambda m: clock(*filter(None, m.groups())),
    ),
    (r"\b(\d+)(?:st|nd|rd|th)\b", lambda m: ordinal(m[1])),
    (rf"({NUMBER})\s?(€|USD|EUR|GBP|CHF)", lambda m: price(m[2], m[1])),
    (r"(\d+)\s?¢", lambda m: several(m[1], "cent")),
    (r"\b\d+(?:\.\d+){3}\b", lambda m: " dot ".join(map(singly, m[0].split(".")))),
    (r"\b\d+(?:\.\d+){2}\b", lambda m: " point ".join(map(whole, m[0].split(".")))),
    (rf"({NUMBER})\s?%", lambda m: f"{decimal(m[1])} percent"),
    (r"(?<![\w.])\.(\d+)", lambda m: f"point {singly(m[1])}"),
    (r"(?<![\d.,])(0\d+|\d{7,}(?<!000))(?![\d,]|\.\d)", lambda m: singly(m[1])),
    (NUMBER, lambda m: decimal(m[0])),
]


def is_name(digits, before):
    """Return whether digits are a name, read one by one, after what is before: "room 305", but not "305 rooms"."""
    if not digits.isdigit() or len(digits) < 3:
        return False
    return bool(NAMED.search(before) or (digits[-1] != "0" and LOOSELY.search(before)))


def read_numbers(text):
    """Return a text whose times, prices, ordinals and numbers are words; after "extension" digits are read singly."""
    patterns = [(re.compile(pattern), say) for pattern, say in READINGS]
    said, place, name = [], 0, False
    while place < len(text):
        found = [(m.start(), k, m) for k, (pattern, _) in enumerate(patterns) if (m := pattern.search(text, place))]
        if not found:
            break
        start, k, match = min(found, key=lambda entry: entry[:2])
        before = text[place:start]
        goes_on = name and before.strip() in {"", "to", "and", "or"}
        name = match[0].isdigit() and (is_name(match[0], before) or goes_on)
        said += [before, f" {singly(match[0]) if name else patterns[k][1](match)} "]
        place = match.end()
    return "".join(said) + text[place:]


# --- what is written short -------------------------------------------------------------------------------------------

MONTHS = re.findall(r"\w+", "January February March April May June July August September October November December")
DAYS = re.findall(r"\w+", "Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
MONTH = rf"\b({'|'.join(MONTHS)}|Sept|{'|'.join(m[:3] for m in MONTHS)})\b\.?"
DAY = rf"\b({'|'.join(DAYS)}|Tues|Thurs|Thur|{'|'.join(d[:3] for d in DAYS)})\b\.?"
YEAR = r"((?:1[7-9]|20)\d\d)"
DATE = r"(0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
TO = r"\s?[-–—]\s?"
AMOUNT = rf"(?:[$€£]\s?)?(?:{NUMBER})(?::[0-5]\d)?(?:st|nd|rd|th|\s?[ap]\.?m\b\.?)?"
UNITS = {
    **{"km": "kilometer", "m": "meter", "cm": "centimeter", "mm": "millimeter", "kg": "kilogram", "g": "gram"},
    **{"l": "liter", "ml": "milliliter", "kB": "kilobyte", "MB": "megabyte", "GB": "gigabyte", "TB": "terabyte"},
    **{"Mbit/s": "megabit per second", "mph": "mile per hour", "km/h": "kilometer per hour", "kWh": "kilowatt hour"},
    **{"h": "hour", "hr": "hour", "hrs": "hour", "min": "minute", "mins": "minute", "sec": "second", "yrs": "year"},
    **{"lb": "pound", "lbs": "pound", "oz": "ounce", "ft": "foot", "mi": "mile", "kHz": "kilohertz", "Hz": "hertz"},
    **{"m squared": "square meter", "°C": "degree Celsius", "°F": "degree Fahrenheit", "°": "degree", "kW": "kilowatt"},
}
PARTS = {"1/2": "a half", "1/3": "a third", "2/3": "two thirds", "1/4": "a quarter", "3/4": "three quarters"}
PER = {
    **{"mo": "month", "min": "minute", "hr": "hour", "wk": "week", "yr": "year", "month": "month", "minute": "minute"},
    **{"hour": "hour", "day": "day", "week": "week", "year": "year", "night": "night", "person": "person"},
}
STREETS = {"St": "Street", "Ave": "Avenue", "Rd": "Road", "Blvd": "Boulevard", "Dr": "Drive", "Ln": "Lane"}
ROMAN = re.findall(r"\w+", "I II III IV V VI VII VIII IX X XI XII")
COUNTED = "(?:people|callers|customers|members|users|guests|euros?|dollars?|pounds?|cases|words|calls|items|points)"
OF_YEARS = (
    "in|since|until|till|before|after|from|by|between|years?|the|our|this|that|your|last|early|late|spring|summer|fall|"
    "autumn|winter|copyright|edition|fiscal|q[1-4]|(?<!out )(?<!one )(?<!total )(?<!sum )of"
)


def date(month, day="", of_year="", last="", joined="to"):
    """Return a date in words: a month (name, its beginning or number), its day or days, and the year where given."""
    name = MONTHS[int(month) - 1] if month.isdigit() else next(m for m in MONTHS if m.startswith(month[:3]))
    days = f" {ordinal(day)}" + (f" {joined} {ordinal(last)}" if last else "") if day else ""
    return f"{name}{days}" + (f" {year(of_year)}" if of_year else "")


def by_numbers(first, second, of_year=""):
    """Return a date such as 5/4/2026 in words, the month first unless it exceeds 12; None where it is no date."""
    month, day = (first, second) if int(first) <= 12 else (second, first)
    if of_year and len(of_year) == 2:
        of_year = ("20" if of_year < "70" else "19") + of_year
    return date(month, day, of_year) if 1 <= int(month) <= 12 and 1 <= int(day) <= 31 else None


def no_fraction(match):
    """Return "on 12/24" as a date; what may be a fraction, such as 3/4, only after "on"."""
    before, first, second = match.groups()
    said = None if f"{first}/{second}" in PARTS and before.lower() != "on" else by_numbers(first, second)
    return f"{before} {said}" if said else match[0]


def weekday(short):
    """Return the name of a day of the week from its beginning."""
    return next(day for day in DAYS if day.startswith(short[:3]))


def dated(match):
    """Return "25 December 2026" as "the twenty fifth of December twenty twenty six"."""
    day, month, of_year = match.groups()
    return f"the {ordinal(day)} of {date(month, '', of_year)}"


def unit(match):
    """Return a number and its unit in words, in the plural where it is not 1; "a 5 km run" has the singular."""
    number, name = match.groups()
    first, _, rest = UNITS[name].partition(" ")
    if first in {"square", "kilowatt"} and rest:
        first, rest = UNITS[name], ""
    before, behind = match.string[: match.start()], match.string[match.end() :]
    adjective = re.search(r"(?i)\b(?:an?|our|this) $", before) and re.match(r"\s[a-z]", behind)
    one = first.endswith("hertz") or adjective
    return " ".join(filter(None, [f"{decimal(number)} {first}" if one else several(number, first), rest]))


def span(match):
    """Return a range with "to"; 555-0199 and 97205-1234 are read by digits and stay."""
    one, other = match.groups()
    if re.fullmatch(r"\d{3}-\d{4}|\d{5}-\d{4}", match[0]):
        return match[0]
    if re.fullmatch(YEAR, one) and re.fullmatch(YEAR, other):
        return f"{year(one)} to {year(other)}"
    sign = other[0] if one[0] == other[0] and one[0] in MONEY else ""
    sign = one[0] if one[0] in MONEY and other[0] not in MONEY else sign
    return f"{one.lstrip('$€£ ') if sign else one} to {sign}{other.lstrip('$€£ ') if sign else other}"


def capitals(match):
    """Return capitals letter by letter where no vowel is among them, or where the dictionary says them so."""
    word = match[0].lower()
    if match[0] in MONEY or match[0] == "COVID":
        return match[0]
    letters = [("EY",) if letter == "a" else dictionary()[letter][0] for letter in word]
    spelt = tuple(phone for said in letters for phone in said)
    alone = not set(word) & set("aeiouy") or match[0] in {"EST", "IT"}
    return " ".join(word) if alone or spelt in dictionary().get(word, ()) else match[0]


def several_letters(match):
    """Return "PDFs" as "p d f's", unless it is a word."""
    *letters, last = match[1].lower()
    return match[0] if f"{match[1]}s".lower() in dictionary() else f"{' '.join([*letters, last])}'s"


def address(match):
    """Return an address of the web or of a mailbox with its signs as words; letters where a part is no word."""
    name = re.sub(r"^https?://", "", match[0].rstrip("/"))
    *parts, end = re.split(r"([.@/+-])", name)
    signs = {".": "dot", "@": "at", "/": "slash", "+": "plus", "-": "dash"}
    alone = lambda part: not set(part.lower()) & set("aeiouy")  # noqa: E731
    said = [signs.get(part) or (" ".join(part) if part.isalpha() and alone(part) else part) for part in parts]
    said += [" ".join(end) if end.isalpha() and (alone(end) or len(end) == 2) else end]
    return re.sub(r"(\d+)", r" \1 ", " ".join(said))


REWRITTEN = [  # tried one after the other on the whole text, before numbers are read
    (r"(?:https?://)?\b(?:[\w.+-]+@)?(?:[A-Za-z\d][A-Za-z\d-]+\.)+[a-z]{2,}\b(?:/[\w/-]*)?(?!\.\w)", address),
    (rf"\b{YEAR}-(\d\d)-(\d\d)\b", lambda m: by_numbers(m[2], m[3], m[1]) or m[0]),
    (r"\b(\d\d?)/(\d\d?)/((?:1[7-9]|20)?\d\d)\b", lambda m: by_numbers(*m.groups()) or m[0]),
    (rf"\b(\d\d?)\.(\d\d?)\.{YEAR}\b", lambda m: by_numbers(m[2], m[1], m[3]) or m[0]),
    (r"(?i)\b(on|until|till|before|after|since|from|through|by|to|day,?)\s+(\d\d?)/(\d\d?)(?![/\d])", no_fraction),
    (
        rf"\b(\d+)\s(1/2|1/3|2/3|1/4|3/4)(?![/\d])(?:\s?({'|'.join(UNITS)})\b\.?)?",
        lambda m: f"{m[1]} and {PARTS[m[2]]}" + (f" {several('2', UNITS[m[3]])[4:]}" if m[3] else ""),
    ),
    (rf"{MONTH}\s+{DATE}{TO}{DATE}(?![\d:])(?:,?\s*{YEAR}\b)?", lambda m: date(m[1], m[2], m[4], m[3])),
    (
        rf"{MONTH}\s+{DATE}\s(and|or|to|through)\s{DATE}(?![\d:]|[.,]\d|\s?[ap]\.?m\b|\s[a-z]{{3,}}s\b)(?:,\s*{YEAR}\b)?",
        lambda m: date(m[1], m[2], m[5], m[4], m[3]),
    ),
    (rf"(?<=\d){TO}(?={MONTH}\s+\d)", " to "),
    (rf"{MONTH}\s+{DATE}(?![\d:]|[.,]\d|\s?[ap]\.?m)(?:,?\s*{YEAR}\b)?", lambda m: date(m[1], m[2], m[3])),
    (
        rf"\b(?:the\s+)?{DATE}(?:\s(and|or|to)\s|{TO})(?:the\s+)?{DATE}\s+(?:of\s+)?{MONTH}(?:,?\s+{YEAR}\b)?",
        lambda m: (
            f"the {ordinal(m[1])} {m[2] or 'to'} {'' if m[2] in ('and', 'or') else 'the '}{ordinal(m[3])} of "
            + date(m[4], "", m[5])
        ),
    ),
    (rf"\b(?:the\s+)?{DATE}\s+(?:of\s+)?{MONTH}(?:,?\s+{YEAR}\b)?", dated),
    (rf"{MONTH},?\s+{YEAR}\b", lambda m: date(m[1], "", m[2])),
    (r"\b((?:1[7-9]|20)\d0)s\b|(?<!\w)'?\b([2-9]0)s\b", lambda m: tens(m[1] or m[2])),
    (
        rf"\b(\d{{3,4}})(?=(?:\s[NSEW]\.?)?\s(?:[A-Z][a-z]+\s|\d+(?:st|nd|rd|th)\s){{1,3}}"
        rf"(?:{'|'.join(f'{short}|{long}' for short, long in STREETS.items())}|Way|Square|Court|Place)\b)",
        lambda m: year(m[1]),
    ),
    (
        rf"(?i)\b({OF_YEARS})\s+{YEAR}(?:(\s+to\s+|\s+and\s+|{TO}){YEAR})?"
        rf"(?!\d|[.,:/]\d|\s?[%€]|\s+{COUNTED}\b|\s+(?:to|and)\s+\d)",
        lambda m: f"{m[1]} {year(m[2])}" + (f" {m[3].strip(' -–—') or 'to'} {year(m[4])}" if m[4] else ""),
    ),
    (
        rf"{YEAR}(?=\s(?:model|edition|catalog|season|calendar|report|version|budget|tax|election))",
        lambda m: year(m[1]),
    ),
    (rf"{DAY}{TO}{DAY}", lambda m: f"{weekday(m[1])} to {weekday(m[2])}"),
    (
        rf"(?:(?<!\w )|(?<=\b(?i:on|to|or) )|(?<=\band )){DAY}(?=,|\s+(?:at|to|and|{MONTH}|\d))"
        r"|\b(Mon|Tues?|Wed|Thu|Thurs?|Fri)\b\.?",
        lambda m: weekday(m[0]),
    ),
    (rf"(day (?:and|or|to|through) ){DAY}", lambda m: m[1] + weekday(m[2])),
    (r"\b(Jan|Feb|Apr|Aug|Sept?|Oct|Nov|Dec)\b\.?", lambda m: date(m[1])),
    (rf"(?<![\w.:/-])(-?{AMOUNT}){TO}(-?{AMOUNT})(?![-\d])", span),
    (rf"(?<![\w.)])-(?=\.?\d|{SIGN})", "minus "),
    (r"(\d)\s?([AaPp])\.?\s?[Mm]\b(?:\.(?!$))?", lambda m: f"{m[1]} {m[2].lower()} m"),
    (r"(\d)\s?(?:ft\.?|feet)\s(\d+)\s?in\b\.?", lambda m: f"{m[1]} feet {m[2]} inches"),
    (rf"(?<![\d,.])({NUMBER})\s?({'|'.join(sorted(UNITS, key=len, reverse=True))})(?!\w)\.?", unit),
    (rf"(?<=[\w€%])\s?/\s?({'|'.join(sorted(PER, key=len, reverse=True))})\b\.?", lambda m: f" per {PER[m[1]]}"),
    (r"\b(Route|Highway|Interstate|Boeing|Airbus) (\d{3})\b", lambda m: f"{m[1]} {year(m[2])}"),
    (r"\b24/7\b", lambda m: "twenty four seven"),
    (r"(?i)\b(order|ticket|account|customer|invoice|reference|serial|room|part|model|policy)\s+no\.", r"\1 number"),
    (r"\b[Nn]o(s?)\.\s?(?=(?:[A-Z]{1,3}-?)?\d)", r"number\1 "),
    (r"(?<!press )(?<!dial )(?<!then )(?<!or )(?<!and )(?<!\S)#(?=\d)", "number "),
    (r"\b(?:ext|x)\.?\s?(?=\d{3,5}\b)|\bext(?=\s\d)", "extension "),
    (r"\b[vV](?=\d+\.\d)", "version "),
    (r"\b(\d+)x(?=\s(?:faster|more|as|the|higher|larger|bigger|longer|points)\b)", r"\1 times"),
    (r"(\d)\s?x\s?(?=\d)", r"\1 by "),
    (
        rf"\b(Chapter|Part|Phase|Level|Type|Class|Volume|World War) ({'|'.join(ROMAN)})\b",
        lambda m: f"{m[1]} {ROMAN.index(m[2]) + 1}",
    ),
    (rf"(\d \w+\s(?:[A-Z]\w+\s)*)({'|'.join(STREETS)})\b\.?(?!\s[A-Z][a-z]+'s)", lambda m: f"{m[1]}{STREETS[m[2]]}"),
    (r"((?:^|[.!?]\s)(?:[A-Z][a-z]+\s)?|\b[a-z]+\s)St\.(?=\s[A-Z])", r"\1Saint"),
    (r"(\b[A-Z][a-z]+\s)Dr\.(?!\s[A-Z])", r"\1Drive"),
    (r"\b([A-Z]{1,3})&([A-Z]{1,2})\b", lambda m: f"{' '.join(m[1])} and {' '.join(m[2])}"),
    (r"\b(?:[A-Z]+\d+[A-Z][A-Z\d]*|\d+[A-Z]+\d[A-Z\d]*)\b", lambda m: " ".join(m[0])),
    (r"\b([A-Z]{1,3})-?(\d{3,})\b(?![.,]\d)", lambda m: f"{' '.join(m[1])} {singly(m[2])}"),
    (r"\b([A-Z]{2,4})s\b", several_letters),
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


# --- the words of a text ---------------------------------------------------------------------------------------------


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
    for token in re.findall(r"[A-Za-z][A-Za-z.]*\.(?!\w)|[A-Za-z]+(?:'[A-Za-z]+)*|[*#&@+%=°×]|[.,;:!?]", text):
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
    if "." in bare or (bare.isupper() and 1 < len(bare) <= 5 and bare.lower() not in {*dictionary(), "covid"}):
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
