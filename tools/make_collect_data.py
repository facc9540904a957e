"""Write data/collect: a small web site, a social-media export and a sensor stream with planted faults, and their truth.

    python tools/make_collect_data.py [FOLDER]     default: data/collect; the same seed gives the same data

Notebook 01 collects and cleans these files without looking at truth.csv and fur.csv, then is measured against them.
Everything here is invented: people, posts, licences of the pictures and the cat that eats from the scale.
"""

import csv
import datetime as dt
import html
import io
import json
import shutil
import sys
from pathlib import Path

from aigc_utils import kittens

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance

SEED = 20250303
SIDE = 64  # pixels of a picture on the site
THUMBNAIL, COLUMNS = 32, 24  # pixels of a thumbnail in the export, thumbnails in a row of its sheet
TRUTH_COLUMNS = ("channel", "record", "fault", "detail")

LICENCES = {
    "CC0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC BY 4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC BY-NC-ND 4.0": "https://creativecommons.org/licenses/by-nc-nd/4.0/",
}
AUTHORS = ("Mia K.", "Jonas B.", "Amara O.")
REDIRECTS = {"/old-album.html": "/album-3.html", "/spiral.html": "/spiral-2.html", "/spiral-2.html": "/spiral.html"}
REDIRECTS["/backdoor.html"] = "/members/index.html"
ROBOTS = """\
# The rules of this house. We and the notebook's authors agreed on a rate for its crawler.
User-agent: aigc-notebooks
Allow: /
Disallow: /members/
Disallow: /drafts/
Request-rate: 100/1

User-agent: *
Allow: /
Disallow: /members/
Disallow: /drafts/
Crawl-delay: 2
"""


class Truth(list):
    """Rows of truth.csv."""

    def plant(self, channel, record, fault, detail=""):
        """Note that a record is bad, and why."""
        self.append({"channel": channel, "record": str(record), "fault": fault, "detail": detail})


# --- the web site ----------------------------------------------------------------------------------------------------


def encoded(image, kind="JPEG", quality=90):
    """Return an image (PIL) as the bytes of a file."""
    buffer = io.BytesIO()
    options = {"quality": quality, "subsampling": 0} if kind == "JPEG" else {"optimize": True}
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def near_copy(image, kind):
    """Return the bytes of a picture that a person would call the same as ``image``."""
    if kind == "recompressed":
        return encoded(image, quality=35)
    if kind == "resized":
        return encoded(image.resize((48, 48), Image.Resampling.BILINEAR))
    if kind == "brighter":
        return encoded(ImageEnhance.Brightness(image).enhance(1.2))
    if kind == "watermarked":
        image = image.copy()
        ImageDraw.Draw(image).text((3, SIDE - 12), "meow.example", fill=(255, 255, 255))
        return encoded(image)
    if kind == "cropped":
        return encoded(image.crop((2, 1, SIDE - 1, SIDE - 2)).resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    return encoded(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))  # mirrored


def corrupt_file(image, kind, rng):
    """Return bytes that claim to be a picture and are not a whole one."""
    return {
        "truncated": encoded(image)[:700],
        "truncated PNG": encoded(image, "PNG")[:900],
        "empty": b"",
        "an HTML page": b"<!doctype html><title>503</title><p>Please try again later.</p>",
        "noise": b"\xff\xd8\xff\xe0" + rng.bytes(1500),
    }[kind]


def site_pictures(rng, truth):
    """Return the pictures of the six albums, in their order on the site, as dicts (name, bytes, licence, alt)."""
    images, table = kittens.sample(110, seed=SEED, size=SIDE)
    images = [Image.fromarray(image) for image in images]
    alts = [f"A kitten with {row.fur} fur and {row.eyes} eyes" for row in table.itertuples()]
    entries = [{"image": i, "bytes": encoded(images[i], "PNG" if i % 5 == 0 else "JPEG")} for i in range(60)]
    late = []
    for i, kind in enumerate(["truncated", "truncated PNG", "empty", "an HTML page", "noise"]):
        late.append(
            {"image": 60 + i, "bytes": corrupt_file(images[60 + i], kind, rng), "fault": "corrupt", "detail": kind}
        )
    for i in (2, 9, 17, 24, 30, 38, 45):
        late.append({"image": i, "bytes": entries[i]["bytes"], "fault": "exact duplicate", "of": i})
    kinds = (
        ["recompressed"] * 4 + ["resized"] * 3 + ["brighter"] * 3 + ["watermarked"] * 2 + ["cropped", "mirrored"] * 2
    )
    for i, kind in zip(range(1, 49, 3), kinds, strict=True):
        late.append(
            {"image": i, "bytes": near_copy(images[i], kind), "fault": "near duplicate", "detail": kind, "of": i}
        )
    for i, colour in enumerate([(226, 226, 226), (255, 255, 255), (46, 64, 87)]):
        blank = Image.new("RGB", (SIDE, SIDE) if i else (2, 2), colour)
        late.append({"image": None, "bytes": encoded(blank), "fault": "blank"})
    rng.shuffle(late)
    for number, entry in enumerate(entries + late):
        png = entry["bytes"].startswith(b"\x89PNG")
        entry["name"] = f"pictures/k{number:03d}.{'png' if png else 'jpg'}"
        entry["alt"] = alts[entry["image"]] if entry["image"] is not None else "Picture to follow"
        entry["licence"] = rng.choice(["CC0", "CC BY 4.0"], p=[0.6, 0.4])
    for entry in late:
        original = entries[entry["of"]]["name"] if "of" in entry else ""
        truth.plant("web", "/" + entry["name"], entry["fault"], " ".join(filter(None, [entry.get("detail"), original])))
    closed = [
        {"name": f"pictures/k{200 + i}.jpg", "bytes": encoded(images[70 + i]), "alt": alts[70 + i], "licence": licence}
        for i, licence in enumerate(["CC BY-NC-ND 4.0"] * 7 + ["All rights reserved"] * 4 + [None] * 4)
    ]
    for entry in closed:
        truth.plant("web", "/" + entry["name"], "not openly licensed", str(entry["licence"] or "no statement"))
    gone = [{"name": f"pictures/k{300 + i}.jpg", "bytes": None, "alt": "A kitten", "licence": "CC0"} for i in range(3)]
    for entry in gone:
        truth.plant("web", "/" + entry["name"], "unreachable", "404")
    return _mixed(entries, late, closed + gone, rng), images, alts


def _mixed(entries, late, others, rng):
    """Put the copies behind their originals: the first four albums hold originals, the last two copies as well."""
    first, last = entries[:54], entries[54:] + late
    for part, extra in ((first, others[::2]), (last, others[1::2])):
        for entry in extra:
            part.insert(int(rng.integers(len(part))), entry)
    return first + last


def figure(entry):
    """Return a picture with its licence statement, if it has one, as HTML."""
    licence = entry["licence"]
    if licence in LICENCES:
        link = f'<a rel="license" href="{LICENCES[licence]}">{licence}</a>'
        statement = f'By <span class="author">{AUTHORS[len(entry["alt"]) % len(AUTHORS)]}</span>, {link}'
    else:
        statement = html.escape(licence or "")
    caption = f"<figcaption>{html.escape(entry['alt'])}. {statement}</figcaption>"
    return f'<figure><img src="/{entry["name"]}" alt="{html.escape(entry["alt"])}">{caption}</figure>'


def page(title, body, head=""):
    """Return a page of the site."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title>{head}</head>\n'
        f'<body>\n<h1>{title}</h1>\n{body}\n<p><a href="/index.html">Home</a></p>\n</body>\n</html>\n'
    )


def write_site(folder, rng, truth):
    """Write the site's pages and pictures."""
    pictures, images, alts = site_pictures(rng, truth)
    guest = [
        {"name": f"pictures/k{400 + i}.jpg", "bytes": encoded(images[90 + i]), "alt": alts[90 + i], "licence": licence}
        for i, licence in enumerate(["CC BY 4.0"] * 5 + [None])
    ]
    members = [
        {"name": f"members/m{i}.jpg", "bytes": encoded(images[100 + i]), "alt": alts[100 + i], "licence": "CC0"}
        for i in range(4)
    ]
    for entry in guest:
        truth.plant("web", "/" + entry["name"], "rights reserved for the page", "tdm-reservation")
    for entry in members:
        truth.plant("web", "/" + entry["name"], "disallowed", "robots.txt")
    albums = np.array_split(np.arange(len(pictures)), 6)
    links = [f'<a href="/album-{i}.html">Album {i}</a>' for i in range(1, 7)]
    links += ['<a href="old-album.html">The old album</a>', '<a href="/guest.html">Guests</a>']
    links += ['<a href="/album-7.html">Album 7</a>', '<a href="/spiral.html">A spiral</a>']
    links += ['<a href="members/index.html">Members</a>', '<a href="/backdoor.html">Sitemap</a>']
    links += ['<a href="https://example.org/kittens.html">Friends</a>', '<a href="/about.html#contact">About</a>']
    pages = {"index.html": page("Kittens of the house", "<ul>" + "".join(f"\n<li>{x}</li>" for x in links) + "\n</ul>")}
    for i, numbers in enumerate(albums, start=1):
        pages[f"album-{i}.html"] = page(f"Album {i}", "\n".join(figure(pictures[k]) for k in numbers))
    reserved = '<meta name="tdm-reservation" content="1">'
    pages["guest.html"] = page("Guests", "\n".join(map(figure, guest)), reserved)
    pages["members/index.html"] = page("Members", "\n".join(map(figure, members)))
    pages["about.html"] = page("About", "<p>Drawn by a program; nobody was disturbed.</p>")
    site = folder / "site"
    for name, text in pages.items():
        _write(site / name, text.encode())
    for entry in pictures + guest + members:
        if entry["bytes"] is not None:
            _write(site / entry["name"], entry["bytes"])
    _write(site / "robots.txt", ROBOTS.encode())
    _write(site / "_redirects", "".join(f"{a} {b} 301\n" for a, b in REDIRECTS.items()).encode())


# --- the social-media export -----------------------------------------------------------------------------------------

FUR = tuple(kittens.FUR)
WORDS = {
    "ginger": ("ginger", "marmalade", "orange"),
    "grey": ("grey", "silver", "smoky"),
    "black": ("black", "inky", "midnight"),
    "cream": ("cream", "vanilla", "ivory"),
    "brown": ("brown", "chocolate", "cocoa"),
}
TAGS = {fur: (f"{fur}cat", f"{fur}kitten") for fur in FUR} | {"grey": ("greycat", "graycat")}
NAMES = {
    "ginger": ("Pumpkin", "Nacho", "Rusty"),
    "grey": ("Smokey", "Ash", "Misty"),
    "black": ("Shadow", "Salem", "Raven"),
    "cream": ("Biscuit", "Latte", "Pearl"),
    "brown": ("Mocha", "Truffle", "Bear"),
}
BREEDS = {
    "ginger": "Somali",
    "grey": "Russian Blue",
    "black": "Bombay",
    "cream": "Birman",
    "brown": "Burmese",
}
HEARTS = {"ginger": "🧡", "grey": "🩶", "black": "🖤", "cream": "🤍", "brown": "🤎"}
# share of posts that say it, and of those the share that says it right
SPOKEN = {"tag": (0.8, 0.9), "word": (0.55, 0.88), "name": (0.6, 0.5), "breed": (0.3, 0.93), "heart": (0.7, 0.4)}
OPENINGS = ("", "", "Breaking news: ", "Again: ", "Update: ", "Good morning. ", "Day 212: ")
NOBODY = ("Somebody", "The boss", "My flatmate", "Her majesty", "The small one")
DEEDS = (
    "slept through the alarm", "stole a sock", "won the staring contest", "knocked a glass over", "met the hoover",
    "learnt to open the fridge", "sat on the keyboard", "found the sunny spot", "refused the new bed",
    "brought me a leaf", "sang at four in the morning", "fits into the shoe box", "watched the rain",
    "caught the red dot", "chased the printer", "guards the laundry",
)  # fmt: skip
PLACES = (
    "in the kitchen", "on the stairs", "by the window", "behind the sofa", "on my desk", "in the hallway",
    "under the lamp",
)  # fmt: skip
PEOPLE = ("mia", "jonas", "amara", "kenji", "lucia", "tariq", "freya", "pavel", "noor", "chidi", "ines", "bo")
ZONES = (0, 60, 120, 330, 540, -180, -300, -480)  # minutes east of Greenwich


def speak(kind, fur, rng, wrong=None):
    """Return the fur that a post claims by one means (tag, word …), or None where it says nothing."""
    coverage, right = SPOKEN[kind]
    if rng.random() > coverage:
        return None
    if rng.random() < right:
        return fur
    return wrong or rng.choice([other for other in FUR if other != fur])


def make_post(number, fur, rng, thumbnail):
    """Return one honest post about a kitten of one fur."""
    claims = {
        kind: speak(kind, fur, rng, wrong="black" if kind == "heart" and rng.random() < 0.6 else None)
        for kind in SPOKEN
    }
    name = rng.choice(NAMES[claims["name"]]) if claims["name"] else ""
    coat = f"my {rng.choice(WORDS[claims['word']])} cat" if claims["word"] else ""
    breed = f", a {BREEDS[claims['breed']]}," if claims["breed"] else ""
    who = " ".join(filter(None, [coat, name])) or str(rng.choice(NOBODY))
    caption = f"{rng.choice(OPENINGS)}{who[0].upper() + who[1:]}{breed} {rng.choice(DEEDS)} {rng.choice(PLACES)}"
    caption += " " + HEARTS[claims["heart"]] if claims["heart"] else rng.choice([".", "…", ""])
    tags = [str(rng.choice(TAGS[claims["tag"]]))] if claims["tag"] else []
    if rng.random() < 0.3:  # tags that bring readers, whatever the cat looks like
        tags = [str(rng.choice(["blackcat", "gingercat"]))]
    tags += [
        str(tag)
        for tag in rng.choice(["cats", "caturday", "kitten", "meow", "monday"], int(rng.integers(0, 3)), replace=False)
    ]
    moment = dt.datetime(2025, 2, 1, tzinfo=dt.timezone.utc) + dt.timedelta(minutes=int(rng.integers(28 * 1440)))
    zone = dt.timezone(dt.timedelta(minutes=int(rng.choice(ZONES))))
    return {
        "id": f"p{number:04d}",
        "user": f"{rng.choice(PEOPLE)}_{rng.integers(10, 99)}",
        "time": moment.astimezone(zone).isoformat(),
        "caption": caption,
        "tags": tags,
        "likes": int(rng.lognormal(3.4, 0.9)),
        "thumbnail": thumbnail,
    }


def plant_post_faults(posts, rng, truth):
    """Spoil fields of some posts, each post once at most."""
    order = iter(rng.permutation(len(posts)))

    def take(count, fault, spoil, detail=""):
        for i in range(count):
            post = posts[next(order)]
            spoil(post, i)
            truth.plant("posts", post["id"], fault, detail)

    def add(text):
        return lambda post, i: post.update(caption=post["caption"] + " " + text(i))

    take(24, "missing likes", lambda post, i: post.update(likes=None))
    take(6, "missing time", lambda post, i: post.update(time=None))
    take(12, "time without zone", lambda post, i: post.update(time=post["time"][:19]))
    take(3, "time in the future", lambda post, i: post.update(time="2071" + post["time"][4:]))
    take(9, "outlying likes", lambda post, i: post.update(likes=int(10 ** rng.uniform(3.9, 6))))
    take(4, "outlying likes", lambda post, i: post.update(likes=-int(rng.integers(1, 40))), "negative")
    who = [f"{PEOPLE[i % 12]}.{'kmrst'[i % 5]}" for i in range(30)]
    take(18, "e-mail address", add(lambda i: f"Write to {who[i]}@{('example.org', 'mail.example.com')[i % 2]}"))
    take(3, "e-mail address", add(lambda i: f"Mail {who[i]} (at) example (dot) org"), "spelled out")
    for i in range(4):  # looks like an address, is none: not a fault
        add(lambda i: ("Three cats @ home", "two bowls@once", "me @the vet", "50@50")[i])(posts[next(order)], i)
    return order


def reposts_and_adverts(posts, rng, truth, order):
    """Return posts that copy others or sell something."""
    extra = []
    for i in range(28):
        source = posts[next(order)]
        copy = dict(source, id=f"p{len(posts) + i:04d}", user=f"{rng.choice(PEOPLE)}_{rng.integers(10, 99)}")
        prefix, suffix = [("", ""), ("RT @" + source["user"] + ": ", ""), ("", " (repost)"), ("So true: ", "")][i % 4]
        copy["caption"] = prefix + source["caption"] + suffix
        moment = dt.datetime.fromisoformat(source["time"]) + dt.timedelta(minutes=int(rng.integers(20, 4000)))
        copy.update(time=moment.isoformat(), likes=int(rng.lognormal(2.5, 0.9)))
        truth.plant("posts", copy["id"], "repost", source["id"])
        extra.append(copy)
    for i in range(16):
        offer = rng.choice(["10,000 followers", "a discount code", "our giveaway", "crypto for cats"])
        advert = make_post(len(posts) + 28 + i, "black", rng, thumbnail=None)
        text = f"{rng.choice(['Get', 'Claim', 'Win'])} {offer} {rng.choice(['now', 'today', 'tonight'])}"
        advert["caption"] = f"{text} https://shop.example/{rng.integers(1000, 9999)}"
        truth.plant("posts", advert["id"], "advertisement")
        extra.append(advert)
    return extra


def write_posts(folder, rng, truth):
    """Write posts.jsonl, the sheet of thumbnails and fur.csv (the true colours)."""
    count = 460
    images, table = kittens.sample(count, seed=SEED + 1, size=THUMBNAIL)
    furs = list(table.fur)
    posts = [make_post(i, furs[i], rng, thumbnail=i) for i in range(count)]
    order = plant_post_faults(posts, rng, truth)
    posts += reposts_and_adverts(posts, rng, truth, order)
    with open(folder / "fur.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["record", "fur"])
        writer.writerows((post["id"], furs[post["thumbnail"]]) for post in posts if post["thumbnail"] is not None)
    posts.sort(key=lambda post: rng.random() if int(post["id"][1:]) < count else 1 + rng.random())
    lines = [json.dumps(post, ensure_ascii=False).encode() for post in posts]
    broken = [
        lines[5][:90],
        lines[9][:41],
        b"<html><body>504 Gateway Time-out</body></html>",
        b'{"id": "p9001", "caption": "\xff\xfe caf\xe9"}',
    ]
    broken += [
        b"{'id': 'p9002', 'caption': 'single quotes'}",
        b"[1, 2, 3]",
        b'{"caption": "no id", "likes": 3}',
        b"null",
    ]
    places = sorted((int(p) for p in rng.choice(np.arange(20, len(lines)), len(broken), replace=False)), reverse=True)
    for place, line in zip(places, broken, strict=True):
        lines.insert(place, line)
    for number, line in enumerate(lines, start=1):
        if line in broken:
            truth.plant("posts", f"line {number}", "broken line")
    _write(folder / "posts.jsonl", b"\n".join(lines) + b"\n")
    rows = -(-count // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * THUMBNAIL, rows * THUMBNAIL))
    for i, image in enumerate(images):
        sheet.paste(Image.fromarray(image), (i % COLUMNS * THUMBNAIL, i // COLUMNS * THUMBNAIL))
    _write(folder / "thumbnails.jpg", encoded(sheet, quality=80))


# --- the sensor stream -----------------------------------------------------------------------------------------------

INTERVAL = 120  # seconds of the device's clock between two readings
DAYS = 4
DRIFT = 0.00124  # the device's clock runs fast: 1.24 ms a second, 107 s a day
OFFSET = 37.0  # seconds that the device's clock was ahead when it was switched on
START = dt.datetime(2025, 3, 3, tzinfo=dt.timezone.utc)


def bowl_weight(seconds, rng):
    """Return the food in the bowl (g) at true times (s): filled twice a day, eaten in meals of a few minutes."""
    weight, events = np.zeros(len(seconds)), []
    for day in range(-1, DAYS + 1):
        for hour, hours in ((7, 11), (18, 13)):
            fill = (day * 24 + hour) * 3600
            meals = np.sort(rng.uniform(fill + 900, fill + hours * 3600 - 900, int(rng.integers(4, 7))))
            events.append((fill, meals, rng.uniform(8, 20, len(meals))))
    for fill, meals, portions in events:
        after = seconds >= fill
        weight[after] = 110
        for meal, portion in zip(meals, portions, strict=True):
            weight[after] -= portion * np.clip((seconds[after] - meal) / 420, 0, 1)
    return np.maximum(weight, 2)


def write_feeder(folder, rng, truth):
    """Write feeder.csv: device time, food in the bowl, temperature, and now and then a reference time."""
    device = np.arange(0, DAYS * 86400, INTERVAL, dtype=float)
    seconds = (device - OFFSET) / (1 + DRIFT)
    weight = bowl_weight(seconds, rng) + rng.normal(0, 0.4, len(device))
    temperature = 20.5 + 2.2 * np.sin(2 * np.pi * (seconds / 86400 - 0.35)) + rng.normal(0, 0.08, len(device))
    weight, temperature = [f"{x:.1f}" for x in weight], [f"{x:.2f}" for x in temperature]
    free = rng.permutation(np.arange(20, len(device) - 60))
    gone = set()
    for start, length in zip((300, 811, 1402, 2204, 2631), (5, 38, 3, 92, 14), strict=True):
        gone |= set(range(start, start + length))
        for i in range(start, start + length):
            truth.plant("feeder", int(device[i]), "missing reading", "no row")
    stuck = range(1900, 1924)
    for i in stuck:
        weight[i] = weight[stuck.start]
        truth.plant("feeder", int(device[i]), "stuck sensor")
    free = iter([int(i) for i in free if i not in gone and not stuck.start - 9 < i < stuck.stop + 9])
    for i in (next(free) for _ in range(26)):
        weight[i] = ""
        truth.plant("feeder", int(device[i]), "missing reading", "empty field")
    for number, i in zip(range(44), free, strict=False):
        if weight[i] == "":
            continue
        size = [3100.0, 6500.0, -999.0, 42.0, 14.0, -7.0, 2.5, 1.2][number % 8]  # a paw, a cat, an error code, a crumb
        weight[i] = f"{-999.0 if size == -999 else float(weight[i]) + size * rng.uniform(0.8, 1.2):.1f}"
        truth.plant("feeder", int(device[i]), "spike", f"{size:+.0f} g")
    sync = {}
    for number, i in enumerate(range(7, len(device), 90)):  # every three hours
        late = float(rng.uniform(20, 70)) if number in (6, 13, 24, 29) else 0.0
        if i not in gone:
            sync[i] = START + dt.timedelta(seconds=round(seconds[i] + late + float(rng.normal(0, 0.25)), 2))
            if late:
                truth.plant("feeder", int(device[i]), "late time signal", f"{late:.0f} s")
    with open(folder / "feeder.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["device_s", "weight_g", "temperature_c", "reference_time"])
        for i in range(len(device)):
            if i not in gone:
                writer.writerow([int(device[i]), weight[i], temperature[i], sync[i].isoformat() if i in sync else ""])


# --- all -------------------------------------------------------------------------------------------------------------


def _write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def main(folder):
    """Write everything into ``folder``; an older site there is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / "site", ignore_errors=True)
    truth = Truth()
    for number, write in enumerate((write_site, write_posts, write_feeder)):
        write(folder, np.random.default_rng((SEED, number)), truth)
    truth.plant("feeder", "clock", "drift", f"{DRIFT}")
    truth.plant("feeder", "clock", "offset", f"{OFFSET}")
    with open(folder / "truth.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, TRUTH_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(truth)


if __name__ == "__main__":
    default = Path(__file__).resolve().parent.parent / "data" / "collect"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else default)
