"""Write data/text: a shop's catalogue with ad copy, product phrases in English and Chinese, and the words they use.

    python tools/make_text_data.py [FOLDER]     default: data/text; the same seed gives the same files

Everything is invented for this project (MIT). `WORDS` is the one table of synonyms: for each attribute and value, what
it may be called in English. `CHINESE` says the same in Chinese. `WEARS` says which values go together, so that there
is no leather T-shirt. Every text names all attributes of its row and no other, which `main` checks before it writes.
"""

import csv
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from aigc_utils import text  # noqa: E402

import numpy as np  # noqa: E402

SEED, ROWS, MEANINGS, FORMS = 20251125, 4000, 900, 5

WORDS = {
    "product": {
        "T-shirt/top": ["T-shirt", "top"],
        "Trouser": ["trousers", "long trousers"],
        "Pullover": ["pullover", "sweater"],
        "Dress": ["dress", "frock"],
        "Coat": ["coat", "overcoat"],
        "Sandal": ["sandals", "open sandals"],
        "Shirt": ["shirt", "buttoned shirt"],
        "Sneaker": ["sneakers", "trainers"],
        "Bag": ["bag", "carry-all"],
        "Ankle boot": ["ankle boots", "ankle-high boots"],
    },
    "colour": {
        "black": ["black", "jet black"],
        "white": ["white", "snow white"],
        "navy": ["navy", "navy blue"],
        "red": ["red", "cherry red"],
        "green": ["green", "forest green"],
        "grey": ["grey", "slate grey"],
        "beige": ["beige", "sand-coloured"],
        "pink": ["pink", "rose pink"],
        "burgundy": ["burgundy", "bordeaux"],
        "yellow": ["yellow", "mustard yellow"],
        "teal": ["teal", "petrol"],
        "brown": ["brown", "chestnut brown"],
    },
    "material": {
        "cotton": ["cotton", "woven cotton"],
        "linen": ["linen", "flax linen"],
        "wool": ["wool", "sheep's wool"],
        "viscose": ["viscose", "rayon"],
        "denim": ["denim", "jeans fabric"],
        "leather": ["leather", "cowhide"],
        "suede": ["suede", "brushed hide"],
        "canvas": ["canvas", "sailcloth"],
        "polyester": ["polyester", "polyester fabric"],
        "silk": ["silk", "mulberry silk"],
        "cashmere": ["cashmere", "cashmere yarn"],
        "mesh": ["mesh", "mesh fabric"],
        "rubber": ["rubber", "moulded rubber"],
    },
    "fit": {
        "slim": ["slim fit", "slim cut"],
        "regular": ["regular fit", "classic cut"],
        "loose": ["loose fit", "relaxed cut"],
        "oversized": ["oversized fit", "boxy cut"],
        "narrow": ["narrow fit", "slender fit"],
        "standard": ["standard fit", "normal fit"],
        "wide": ["wide fit", "roomy fit"],
        "small": ["small format", "compact format"],
        "medium": ["medium format", "mid-size format"],
        "large": ["large format", "big format"],
    },
    "feature": {
        "chest pocket": ["chest pocket", "breast pocket"],
        "V-neck": ["V-neck", "V-shaped neckline"],
        "crew neck": ["crew neck", "round neckline"],
        "roll neck": ["roll neck", "turtleneck"],
        "long sleeves": ["long sleeves", "full-length sleeves"],
        "elastic waistband": ["elastic waistband", "stretch waistband"],
        "side pockets": ["side pockets", "hip pockets"],
        "pleats": ["pleats", "pressed pleats"],
        "ribbed cuffs": ["ribbed cuffs", "knitted cuffs"],
        "belt": ["belt", "waist belt"],
        "hood": ["hood", "fixed hood"],
        "zip": ["zip", "zipper"],
        "inner pocket": ["inner pocket", "inside pocket"],
        "ankle strap": ["ankle strap", "strap around the ankle"],
        "cushioned sole": ["cushioned sole", "padded sole"],
        "buckle": ["buckle", "metal buckle"],
        "button-down collar": ["button-down collar", "collar with buttons"],
        "reflective stripes": ["reflective stripes", "reflecting strips"],
        "shoulder strap": ["shoulder strap", "strap for the shoulder"],
        "laptop compartment": ["laptop compartment", "compartment for a laptop"],
        "block heel": ["block heel", "square heel"],
        "elastic panels": ["elastic panels", "stretch panels"],
        "laces": ["laces", "shoelaces"],
    },
    "occasion": {
        "everyday": ["everyday use", "every day"],
        "office": ["the office", "work days"],
        "weekend": ["the weekend", "days off"],
        "travel": ["travel", "journeys"],
        "evening": ["evenings out", "dinner parties"],
        "summer": ["summer", "warm days"],
        "winter": ["winter", "cold days"],
        "sport": ["the gym", "workouts"],
    },
}
CLOTHES, SHOES, FORMATS = "slim regular loose oversized", "narrow standard wide", "small medium large"
# product: materials; fits; features; occasions; the lowest and the highest price in tens of euros
WEARS = {
    "T-shirt/top": (
        "cotton linen viscose silk",
        CLOTHES,
        "chest pocket,V-neck,crew neck,long sleeves",
        "everyday weekend travel summer sport",
        1,
        5,
    ),
    "Trouser": (
        "cotton linen wool denim polyester",
        "slim regular loose",
        "elastic waistband,side pockets,pleats,belt",
        "everyday office weekend travel",
        3,
        11,
    ),
    "Pullover": (
        "cotton wool cashmere polyester",
        CLOTHES,
        "V-neck,crew neck,roll neck,ribbed cuffs",
        "everyday office weekend winter",
        3,
        14,
    ),
    "Dress": (
        "cotton linen viscose silk",
        "slim regular loose",
        "side pockets,belt,long sleeves,V-neck",
        "everyday office evening summer",
        4,
        17,
    ),
    "Coat": (
        "wool cashmere polyester cotton",
        CLOTHES,
        "hood,belt,zip,inner pocket",
        "everyday office travel winter",
        8,
        29,
    ),
    "Sandal": (
        "leather suede rubber canvas",
        SHOES,
        "ankle strap,cushioned sole,buckle",
        "everyday weekend travel summer",
        2,
        9,
    ),
    "Shirt": (
        "cotton linen silk denim",
        CLOTHES,
        "chest pocket,button-down collar,long sleeves",
        "everyday office evening travel",
        2,
        9,
    ),
    "Sneaker": (
        "leather canvas mesh suede",
        SHOES,
        "cushioned sole,reflective stripes,laces",
        "everyday weekend travel sport",
        4,
        14,
    ),
    "Bag": (
        "leather canvas polyester suede",
        FORMATS,
        "shoulder strap,zip,inner pocket,laptop compartment,buckle",
        "everyday office weekend travel",
        3,
        19,
    ),
    "Ankle boot": (
        "leather suede",
        SHOES,
        "block heel,elastic panels,laces,cushioned sole",
        "everyday office evening winter",
        6,
        19,
    ),
}
UNLIKELY = {
    ("linen", "winter"),
    ("linen", "sport"),
    ("wool", "summer"),
    ("silk", "sport"),
    ("rubber", "travel"),
    ("denim", "evening"),
}
PLURAL = {"Trouser", "Sandal", "Sneaker", "Ankle boot"}

ITEMS = (
    "{colour} {material} {noun}",
    "{colour} {noun} in {material}",
    "{noun} in {colour} {material}",
    "{colour} {noun} made of {material}",
    "{noun} made of {colour} {material}",
)
# A frame is a sentence or two. {An item} begins with an article where English
# wants one, and forms of be, have and come agree.
FRAMES = (
    "{An item} with {feature} in {a fit}, made for {occasion}, for {price}.",
    "{This item} {has} {feature} and {a fit}. For {occasion}, at {price}.",
    "For {occasion}: {an item} with {feature}, in {a fit}, at {price}.",
    "Ready for {occasion}? {An item} in {a fit} with {feature} for {price}.",
    "{price} buys {an item} in {a fit}, with {feature}, for {occasion}.",
    "Meet our {item}: {feature}, {a fit} and a price of {price}, for {occasion}.",
    "{An item} for {occasion}. {It comes} in {a fit} with {feature} and {costs} {price}.",
    "Plan for {occasion} with {an item}: {fit}, {feature}, {price}.",
    "New in the shop: {an item} with {feature} and {a fit}. Think of {occasion}; think of {price}.",
    "{This item} {is} cut for {occasion}, in {a fit} and with {feature}. The price: {price}.",
    "With {feature} and {a fit}, {this item} {is} made for {occasion}. Yours for {price}.",
    "In {a fit} and with {feature}: {an item} for {occasion}, now {price}.",
    "Who needs {feature} for {occasion}? {This item} {has} just that, in {a fit}, for {price}.",
    "{feature}, {fit}, {price}: {this item} {is} all you need for {occasion}.",
    "Only {price} for {an item} with {feature}. Choose the {fit} for {occasion}.",
    "{This item} {has} {a fit}. With {feature} {it is} ready for {occasion} at {price}.",
    "We made {this item} for {occasion}, gave {it} {feature} and {a fit}, and ask {price}.",
    "{occasion}? {This item} {comes} with {feature} and {a fit} for {price}.",
    "Take {this item} for {occasion}: {a fit}, {feature}, and a price of {price}.",
    "{An item} at {price}: in {a fit}, for {occasion}, and with {feature}.",
    "The {fit} and {feature} make {this item} right for {occasion}. Price: {price}.",
    "Looking for {an item}? Ours {has} {feature}, {a fit} and a price of {price}, and {is} made for {occasion}.",
    "Say yes to {occasion} with {an item}. It is a matter of {feature}, {a fit} and {price}.",
    "{This item}, with {feature} and in {a fit}, {is} at home at {price} and made for {occasion}.",
    "{A fit}, {feature} and {occasion} in mind: {an item} for {price}.",
    "Treat yourself to {an item} for {occasion}. {feature} and {a fit} for {price}.",
    "At {price}, {this item} {comes} in {a fit} and with {feature}, made for {occasion}.",
    "Good for {occasion}: {this item} with {feature}. {It comes} in {a fit} at {price}.",
    "{An item}, {price}. {Has} {feature}, {comes} in {a fit}, made for {occasion}.",
    "One look at {feature} and the {fit}, and {occasion} can begin: {an item} for {price}.",
    "From our shop for {occasion}: {this item} at {price}, with {a fit} and {feature}.",
    "You bring {occasion}, we bring {an item} with {feature} in {a fit} for {price}.",
)
PRICES = ("€{}", "{} euros", "{} €")

# --- the parallel phrases ---------------------------------------------------------------------------------------------

ENGLISH = (
    "{an item} with {feature} for {occasion}",
    "{an item} for {occasion} with {feature}",
    "for {occasion}: {an item} with {feature}",
    "{an item} that {has} {feature}, made for {occasion}",
    "{this item} {has} {feature} and {is} made for {occasion}",
    "with {feature}, {this item} {is} right for {occasion}",
    "looking for {an item} for {occasion}, with {feature}",
    "{an item}, {feature}, good for {occasion}",
)
CHINESE = {
    "product": {  # measure word, names
        "T-shirt/top": ("件", "T恤", "上衣"),
        "Trouser": ("条", "长裤", "裤子"),
        "Pullover": ("件", "套头衫", "针织衫"),
        "Dress": ("条", "连衣裙", "裙装"),
        "Coat": ("件", "大衣", "外套"),
        "Sandal": ("双", "凉鞋", "露趾凉鞋"),
        "Shirt": ("件", "衬衫", "衬衣"),
        "Sneaker": ("双", "运动鞋", "球鞋"),
        "Bag": ("个", "包", "手提包"),
        "Ankle boot": ("双", "短靴", "踝靴"),
    },
    "colour": {
        "black": ("黑色", "乌黑色"),
        "white": ("白色", "雪白色"),
        "navy": ("藏青色", "海军蓝"),
        "red": ("红色", "樱桃红"),
        "green": ("绿色", "森林绿"),
        "grey": ("灰色", "石板灰"),
        "beige": ("米色", "沙色"),
        "pink": ("粉色", "玫瑰粉"),
        "burgundy": ("酒红色", "勃艮第红"),
        "yellow": ("黄色", "芥末黄"),
        "teal": ("蓝绿色", "孔雀蓝"),
        "brown": ("棕色", "栗棕色"),
    },
    "material": {
        "cotton": ("棉布", "棉料"),
        "linen": ("亚麻", "亚麻布"),
        "wool": ("羊毛", "羊毛料"),
        "viscose": ("粘胶纤维", "人造丝"),
        "denim": ("牛仔布", "丹宁布"),
        "leather": ("皮革", "牛皮"),
        "suede": ("绒面革", "麂皮"),
        "canvas": ("帆布", "粗帆布"),
        "polyester": ("涤纶", "聚酯纤维"),
        "silk": ("丝绸", "桑蚕丝"),
        "cashmere": ("羊绒", "山羊绒"),
        "mesh": ("网布", "网眼布"),
        "rubber": ("橡胶", "模压橡胶"),
    },
    "feature": {
        "chest pocket": ("胸袋", "胸前口袋"),
        "V-neck": ("V领", "V形领口"),
        "crew neck": ("圆领", "圆形领口"),
        "roll neck": ("高领", "高翻领"),
        "long sleeves": ("长袖", "长袖子"),
        "elastic waistband": ("松紧腰头", "弹性腰头"),
        "side pockets": ("侧袋", "侧边口袋"),
        "pleats": ("褶裥", "熨烫褶"),
        "ribbed cuffs": ("罗纹袖口", "针织袖口"),
        "belt": ("腰带", "束腰带"),
        "hood": ("兜帽", "风帽"),
        "zip": ("拉链", "拉锁"),
        "inner pocket": ("内袋", "内侧口袋"),
        "ankle strap": ("踝带", "脚踝绑带"),
        "cushioned sole": ("缓震鞋底", "软垫鞋底"),
        "buckle": ("搭扣", "金属扣"),
        "button-down collar": ("扣结领", "带扣衣领"),
        "reflective stripes": ("反光条", "反光条纹"),
        "shoulder strap": ("肩带", "单肩带"),
        "laptop compartment": ("电脑隔层", "电脑夹层"),
        "block heel": ("粗跟", "方跟"),
        "elastic panels": ("松紧侧片", "弹性侧片"),
        "laces": ("鞋带", "系带"),
    },
    "occasion": {
        "everyday": ("日常", "平日"),
        "office": ("上班", "通勤"),
        "weekend": ("周末", "休息日"),
        "travel": ("旅行", "出行"),
        "evening": ("晚间聚会", "晚宴"),
        "summer": ("夏天", "暖和的日子"),
        "winter": ("冬天", "寒冷的日子"),
        "sport": ("健身", "锻炼"),
    },
}
# Necks, sleeves and heels are designs that a garment has; the rest are parts that it comes with.
DESIGNS = {"V-neck", "crew neck", "roll neck", "long sleeves", "block heel", "button-down collar"}
PHRASES = (
    "一{measure}适合{occasion}{use}的{colour}{material}{noun}，{feature}",
    "{colour}{material}{noun}，{feature}，适合{occasion}{use}",
    "一{measure}{featured}{colour}{material}{noun}，适合{occasion}{use}",
    "这{measure}{noun}是{colour}的，用{material}做成，{feature}，{occasion}{use}正合适",
    "{occasion}{use}，选这{measure}{featured}{colour}{material}{noun}",
    "想找一{measure}{occasion}{use}的{colour}{noun}，要{material}的，{featured}",
    "{material}做的{colour}{noun}，{feature}，{occasion}{use}都合适",
    "这{measure}{colour}的{material}{noun}{feature}，很适合{occasion}{use}",
)


def article(phrase):
    """Return a phrase with "a" or "an", or as it is where it is plural or cannot be counted."""
    plural = phrase.split()[-1].endswith(("s", "sleeves")) and not phrase.endswith(("ss", "waistband"))
    return phrase if plural else ("an " if phrase[0].lower() in "aeio" else "a ") + phrase


def say(frame, row, rng, items=ITEMS):
    """Return an English frame with a row's values, each called by one of its names."""
    word = {name: rng.choice(WORDS[name][row[name]]) for name in WORDS if name in row}
    item = rng.choice(items).format(**word, noun=word["product"])
    many = row["product"] in PLURAL
    article_of = {"an item": item if many else article(item + ".").rstrip(".")}
    forms = {**word, **article_of, "item": item, "this item": ("these " if many else "this ") + item}
    forms["feature"] = article(word["feature"])
    forms["a fit"] = article(word.get("fit", "fit"))
    for verb, both in {"is": "are is", "has": "have has", "comes": "come comes", "costs": "cost costs"}.items():
        forms[verb] = both.split()[not many]
    forms["it"] = "them" if many else "it"
    forms["it comes"], forms["it is"] = ("they come", "they are") if many else ("it comes", "it is")
    if "price" in row:
        forms["price"] = rng.choice(PRICES).format(row["price"])
    said = frame
    for key in sorted(forms, key=len, reverse=True):
        capital = key[0].upper() + key[1:]
        said = said.replace("{" + capital + "}", forms[key][0].upper() + forms[key][1:])
        said = said.replace("{" + key + "}", forms[key])
    return said if frame in ENGLISH else _sentences(said)


def _sentences(said):
    """Return a text whose sentences begin with a capital."""
    for end in (". ", "? "):
        said = end.join(part[:1].upper() + part[1:] for part in said.split(end))
    return said


def say_in_chinese(frame, row, rng):
    """Return a Chinese frame with a row's values."""
    measure, *nouns = CHINESE["product"][row["product"]]
    word = {name: rng.choice(CHINESE[name][row[name]]) for name in ("colour", "material", "feature", "occasion")}
    design, part = row["feature"] in DESIGNS, word["feature"]
    word["feature"] = f"{part}设计" if design else f"带{part}"
    if frame.startswith("这") and design:
        word["feature"] = f"是{part}设计"
    featured = f"{part}的" if design else f"带{part}的"
    use = "用" if row["product"] == "Bag" else "穿"
    return frame.format(**word, measure=measure, noun=rng.choice(nouns), featured=featured, use=use)


def draw_row(rng, price=True):
    """Return one plausible combination of attributes."""
    while True:
        product = rng.choice(list(WEARS))
        materials, fits, features, occasions, low, high = WEARS[product]
        row = {
            "product": str(product),
            "colour": str(rng.choice(list(WORDS["colour"]))),
            "material": str(rng.choice(materials.split())),
            "fit": str(rng.choice(fits.split())),
            "feature": str(rng.choice(features.split(","))),
            "occasion": str(rng.choice(occasions.split())),
        }
        if (row["material"], row["occasion"]) not in UNLIKELY:
            break
    if price:
        row["price"] = f"{10 * rng.integers(low, high + 1) - rng.choice([0.05, 0.1, 1.0]):.2f}"
    else:
        del row["fit"]
    return row


def catalogue(rng):
    """Return the rows of the catalogue, no two of them with the same attributes."""
    rows = {}
    while len(rows) < ROWS:
        row = draw_row(rng)
        rows.setdefault(tuple(row.values()), row)
    return [
        {"id": f"P{k:05d}", **row, "copy": say(str(rng.choice(FRAMES)), row, rng)}
        for k, row in enumerate(rows.values())
    ]


def parallel(rng):
    """Return pairs of phrases; each meaning has `FORMS` of them, which differ in both languages."""
    meanings = {}
    while len(meanings) < MEANINGS:
        row = draw_row(rng, price=False)
        meanings.setdefault(tuple(row.values()), row)
    pairs = []
    for k, row in enumerate(meanings.values()):
        english, chinese = [], []
        while len(english) < FORMS or len(chinese) < FORMS:
            for said, form in (
                (english, say(str(rng.choice(ENGLISH)), row, rng)),
                (chinese, say_in_chinese(str(rng.choice(PHRASES)), row, rng)),
            ):
                if form not in said and len(said) < FORMS:
                    said.append(form)
        split = "test" if k % 6 == 0 else "train"
        pairs += [
            {"meaning": k, "split": split, **row, "english": e, "chinese": c}
            for e, c in zip(english, chinese, strict=True)
        ]
    return pairs


def vocabulary(rows):
    """Return {attribute: {value: names}} with the prices of some rows."""
    prices = {price: [price] for price in sorted({row["price"] for row in rows}, key=float)}
    return {**WORDS, "price": prices}


def write(path, rows):
    """Write rows as CSV, in UTF-8."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main(folder):
    """Write the three files, after every text has been checked against its row."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, pairs = catalogue(np.random.default_rng(SEED)), parallel(np.random.default_rng(SEED + 1))
    words = vocabulary(rows)
    for row, said in [(row, row["copy"]) for row in rows] + [(pair, pair["english"]) for pair in pairs]:
        asked = {name: {row[name]} for name in words if name in row}
        found = {name: values for name, values in text.named_attributes(said, words).items() if values}
        if found != asked:
            raise SystemExit(f"{said!r} names {found}; its row has {asked}.")
    write(folder / "catalogue.csv", rows)
    write(folder / "parallel.csv", pairs)
    (folder / "vocabulary.json").write_text(json.dumps(words, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(rows)} rows of the catalogue, {len(pairs)} pairs of {MEANINGS} meanings: {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "data" / "text")
