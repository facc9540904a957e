"""The help pages of the invented shop: both languages state the same facts, and only those of the table of facts."""

import csv
import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

DATA = Path(__file__).parents[1] / "data"
NUMBER = r"\d+(?:[.:]\d+)?"
SLOTS = {"order", "status", "size", "delivery date"}
STATUS = dict(
    received="已接单", packed="已打包", sent="已发货", delivered="已送达", returned="已退货", cancelled="已取消"
)
CLOTHES = {"XS", "S", "M", "L", "XL", "XXL"}
# Every capitalised word within a sentence: buttons, pages, days, countries, invented towns. No brand, no person.
NAMES = """
Balance Business Cancel Christmas Complaint Contact Create Delete Edit European Eve Exchange Express
Forgotten Friday Gift India Invoice Italy Lindvik Lithuania Monday My NH New Nordhem Norway Not Orders Osterby PDF PIN
Parcel Pick-up Portugal Received Report Reserve Responsibility Return Returns Saturday Second-hand Send Shops Sizes
Stock Sunday Switzerland Tell This Turkey Union Unsubscribe VAT Wrong XS XXL Year
"""


def rows(name, folder="shop"):
    with open(DATA / folder / f"{name}.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


MEANINGS, ANSWERS, FACTS, ORDERS = (rows(name) for name in ("meanings", "answers", "facts", "orders"))
ENGLISH, CHINESE = (
    {row["meaning"]: row["answer"] for row in ANSWERS if row["language"] == language}
    for language in ("English", "Chinese")
)


def facts_of(answer, unit):
    """Return {number: units it may have in the facts}, for each number of `answer`; `unit` names the facts' column."""
    found = {}
    for match in re.finditer(NUMBER, answer):
        before = answer[: match.start()]
        after = re.sub(rf"^(?: to |至){NUMBER}", "", answer[match.end() :]).lstrip().lower()
        found.setdefault(match[0], set()).update(
            fact["unit"]
            for fact in FACTS
            if fact["number"] == match[0]
            and (
                fact["unit"] == "time"
                or after.startswith(fact[unit].lower())
                or re.search(rf"{fact[unit]} (?:{NUMBER} to )?$", before)
            )
        )
    return found


def overlap(one, other):
    """Return the share of the words of two texts that they have in common (Jaccard)."""
    one, other = (set(re.findall(r"[a-z']+|\d[\d.:]*", text.lower())) for text in (one, other))
    return len(one & other) / len(one | other)


def pairs(text):
    """Return the pairs of neighbouring characters of a Chinese text."""
    return {text[k : k + 2] for k in range(len(text) - 1)}


def test_there_are_120_meanings_with_a_neutral_situation():
    assert (
        len(MEANINGS) == len({row["meaning"] for row in MEANINGS}) == len({row["situation"] for row in MEANINGS}) == 120
    )
    assert len({row["topic"] for row in MEANINGS}) >= 14
    for row in MEANINGS:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)+|complaint", row["meaning"])
        assert row["situation"].endswith(".") and row["situation"].count(". ") == 0


def test_a_situation_tells_no_number_of_its_answer():
    for row in MEANINGS:
        assert not set(re.findall(NUMBER, row["situation"])) & set(re.findall(NUMBER, ENGLISH[row["meaning"]]))


def test_each_meaning_has_an_answer_in_both_languages():
    said = [(row["meaning"], row["language"]) for row in ANSWERS]
    assert said == [(row["meaning"], language) for row in MEANINGS for language in ("English", "Chinese")]
    titles = [row["title"] for row in ANSWERS]
    assert len(set(titles)) == 240 and all(titles)


@pytest.mark.parametrize("meaning", ENGLISH)
def test_answers_are_short(meaning):
    english, chinese = ENGLISH[meaning], CHINESE[meaning]
    assert 25 <= len(english.split()) <= 90 and 40 <= len(chinese) <= 150
    assert 2 <= len(re.findall(r"[.?](?= |$)", english)) <= 5 and 2 <= len(re.findall("[。？]", chinese)) <= 5


@pytest.mark.parametrize("meaning", ENGLISH)
def test_both_languages_hold_the_same_numbers_and_each_is_a_fact(meaning):
    english, chinese = facts_of(ENGLISH[meaning], "unit"), facts_of(CHINESE[meaning], "unit_chinese")
    assert sorted(re.findall(NUMBER, ENGLISH[meaning])) == sorted(re.findall(NUMBER, CHINESE[meaning]))
    for number, units in english.items():
        assert units & chinese[number], f"{number}: English {units}, Chinese {chinese[number]}"


def test_an_invented_number_or_unit_is_no_fact():
    assert facts_of("Return within 31 days.", "unit") == {"31": set()}
    assert facts_of("Return within 30 weeks.", "unit") == {"30": set()}
    assert facts_of("3至4个工作日，30天", "unit_chinese") == {
        "3": {"working days"},
        "4": {"working days"},
        "30": {"days"},
    }
    assert facts_of("from size 36 to 46, until 11:00", "unit") == {"36": {"size"}, "46": {"size"}, "11:00": {"time"}}


def test_a_fact_is_written_once_and_used():
    keys = [(fact["number"], fact["unit"]) for fact in FACTS]
    assert len(keys) == len(set(keys))
    used = {
        (number, unit) for answer in ENGLISH.values() for number, of in facts_of(answer, "unit").items() for unit in of
    }
    assert used == set(keys)


def test_numbers_are_written_as_digits():
    words = r"\b(two|three|four|five|six|seven|eight|nine|ten|twelve|hundred|twice)\b"
    signs = "(?<![第周])[二三四五六七八九十两百](?!维码|手)"  # not: second, weekdays, the square code, second-hand
    for row in ANSWERS:
        said = f"{row['title']} {row['answer']}"
        assert not re.search(words if row["language"] == "English" else signs, said, re.I), said


def test_slots_are_few_and_the_same_in_both_languages():
    slots = {meaning: set(re.findall("{(.*?)}", answer)) for meaning, answer in ENGLISH.items() if "{" in answer}
    assert len(slots) == 8 and set().union(*slots.values()) == SLOTS
    assert slots == {m: set(re.findall("{(.*?)}", answer)) for m, answer in CHINESE.items() if "{" in answer}
    card = (DATA / "shop" / "README.md").read_text(encoding="utf-8")
    assert all(f"`{meaning}`" in card for meaning in slots)


def test_the_card_counts_what_is_there():
    card = (DATA / "shop" / "README.md").read_text(encoding="utf-8")
    words, signs = [len(said.split()) for said in ENGLISH.values()], [len(said) for said in CHINESE.values()]
    assert f"has {min(words)} to {max(words)} words, a Chinese one {min(signs)} to {max(signs)} characters" in card
    assert f"{len(FACTS)} facts" in card and f"{len(rows('neighbours'))} pairs" in card
    assert len({row["topic"] for row in MEANINGS}) == 16 and len({row["email"] for row in ORDERS}) == 10


def test_no_two_answers_are_nearly_the_same():
    assert max(overlap(one, other) for one, other in combinations(ENGLISH.values(), 2)) < 0.6
    characters = [pairs(answer) for answer in CHINESE.values()]
    assert max(len(one & other) / len(one | other) for one, other in combinations(characters, 2)) < 0.6


def test_near_neighbours_are_pairs_of_meanings_that_are_nearer_than_others():
    near = {frozenset(row.values()) for row in rows("neighbours")}
    assert len(near) == len(rows("neighbours")) >= 25 and all(len(pair) == 2 and pair <= set(ENGLISH) for pair in near)
    distance = {frozenset(pair): overlap(ENGLISH[pair[0]], ENGLISH[pair[1]]) for pair in combinations(ENGLISH, 2)}
    of_pairs = [distance[pair] for pair in near]
    others = [value for pair, value in distance.items() if pair not in near]
    assert np.mean(of_pairs) > np.quantile(others, 0.75)


def test_no_brand_person_address_or_telephone_number():
    for meaning, answer in ENGLISH.items():
        capitals = re.findall(r"(?<![.?:] )(?<!^)\b[A-Z][\w-]+", answer)
        assert set(capitals) <= set(NAMES.split()), (meaning, set(capitals) - set(NAMES.split()))
    for answer in [*ENGLISH.values(), *CHINESE.values()]:
        assert not re.search(r"@|www|https?:|\d{5}|\d[ /-]\d", answer), answer


def test_chinese_is_written_in_chinese_signs():
    for meaning, answer in CHINESE.items():
        plain = re.sub("{.*?}", "", answer)
        assert set(re.findall("[A-Za-z]+", plain)) <= {"NH", "PDF", "XS", "XXL", "C"}, meaning
        assert not re.search(r'[,;?!"()]|\.(?!\d)|(?<!\d):', plain), meaning


def test_twelve_orders_of_the_catalogue():
    catalogue = {row["id"]: row for row in rows("catalogue", "text")}
    assert len(ORDERS) == len({row["order"] for row in ORDERS}) == 12
    assert {row["status"] for row in ORDERS} == set(STATUS) and set(ORDERS[0]) > SLOTS
    for row in ORDERS:
        article = catalogue[row["article"]]
        assert re.fullmatch(r"NH\d{6}", row["order"]) and re.fullmatch(r"[a-z0-9.]+@example\.org", row["email"])
        assert row["price"] == article["price"] and row["status_chinese"] == STATUS[row["status"]]
        if article["product"] in ("Sneaker", "Sandal", "Ankle boot"):
            assert 36 <= int(row["size"]) <= 46
        else:
            assert row["size"] == article["fit"] if article["product"] == "Bag" else row["size"] in CLOTHES


def test_orders_arrive_as_the_help_page_says():
    for row in ORDERS:
        assert (row["delivery date"] == "") == (row["status"] == "cancelled")
        if row["delivery date"]:  # 1 working day until dispatch, then 2 to 4
            assert 3 <= np.busday_count(row["ordered"], row["delivery date"]) <= 5, row["order"]


def _questions(name):
    with (DATA / "shop" / f"questions_{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_question_names_known_meanings_and_no_training_question_is_in_the_test():
    known = {
        row["meaning"] for row in csv.DictReader((DATA / "shop" / "meanings.csv").open(encoding="utf-8", newline=""))
    }
    bare = {}
    for name in ("train", "test"):
        rows = _questions(name)
        bare[name] = {"".join(filter(str.isalnum, row["text"].lower())) for row in rows}
        assert {one for row in rows for one in row["meanings"].split("+")} == known | {"none"}
        assert {row["language"] for row in rows} == {"en", "zh"} and all(row["text"].strip() for row in rows)
        assert all(("+" in row["meanings"]) == (row["style"] == "two") for row in rows)
    assert not bare["train"] & bare["test"] and len(_questions("test")) == 830
