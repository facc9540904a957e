"""Answers that say nothing without a source, a guard, and a dialogue that keeps its state. For notebook 19.

python benchmarks/service_chat.py STAGE ...   answers, sentences, attacks (see `STAGES`); results go to service.json
"""

import dataclasses
import functools
import html
import json
import re
import sys
import types
import unicodedata
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from aigc_utils import runtime  # noqa: E402

from common import run_stages  # noqa: E402
from service import (  # noqa: E402
    STORE,
    decisions,
    finders_for,
    meanings,
    offers,
    pages,
    parts_of,
    questions,
    read_rows,
    readings,
    single,
    upper_bound,
    vectoriser,
    words_of,
)

# --- what may be said beside the pages' own sentences ----------------------------------------------------------------

FRAMES = {
    "hello": (
        "Hello, I am a machine that answers from the help pages of Nordhem & Co.",
        "您好，我是Nordhem & Co的自动应答程序，根据帮助页面回答问题。",
    ),
    "machine": ('Yes, I am a machine; write "person" for a colleague.', "是的，我是自动程序；需要人工请写“人工”。"),
    "first": ("On your first question.", "关于您的第一个问题。"),
    "second": ("On your other question.", "关于您的另一个问题。"),
    "which": ("Which order is it about?", "请问是哪个订单？"),
    "sign in": (
        "Please sign in: I show an order only to the e-mail address that placed it.",
        "请先登录：订单只能向下单的邮箱显示。",
    ),
    "not yours": (
        "I find no such order under your e-mail address, and I talk about no others.",
        "在您的邮箱下没有这个订单，其他订单我不能谈论。",
    ),
    "choice": ("I am not sure what you mean. Is it one of these?", "我不太确定您的意思，是下面哪一项？"),
    "say more": (
        'Please write in English or Chinese what it is about, or write "person" for a colleague.',
        "请用中文或英文写明是什么事情；需要人工请写“人工”。",
    ),
    "no page": ("I have no page about that.", "帮助页面里没有这方面的内容。"),
    "refused": (
        "I cannot do that: I only quote our help pages, and I promise nothing.",
        "这个我做不到：我只引用帮助页面，不作任何承诺。",
    ),
    "hand over": (
        "I hand you over to a colleague, with what you have written so far.",
        "我把您转给同事，并附上您写过的内容。",
    ),
    "passed on": ("I pass this on to my colleague, who answers you.", "我把这条转给同事，由同事回复您。"),
    "no date": ("There is no delivery date for this order.", "这个订单没有送达日期。"),
}
ON_THE_WAY = ("received", "packed", "sent")
SLOTS = {"en": {}, "zh": {"status": "status_chinese", "size": "size_chinese"}}  # the column of a slot, if not its name


@dataclasses.dataclass(frozen=True)
class Sentence:
    """One sentence of a reply and where it is from: ("frame", name), ("page", meaning, place) or ("title", meaning)."""

    text: str
    source: tuple
    order: str = ""


def frame(name, language):
    """Return a fixed sentence."""
    return Sentence(FRAMES[name][language == "zh"], ("frame", name))


def sentences_of(answer):
    """Return the sentences of a page, each with its last sign."""
    return [one.strip() for one in re.split(r"(?<=[.?!])\s+(?=[A-Z\"{])|(?<=[。？！])", answer) if one.strip()]


def language_of(text):
    """Return "zh" if a text has a Chinese sign, else "en"."""
    return "zh" if re.search("[\u4e00-\u9fff]", text) else "en"


# --- an answer is copied, shortened and filled in --------------------------------------------------------------------


def own_orders(email):
    """Return the orders of a signed-in e-mail address, the newest first: what a reply may show, and nothing else."""
    return [row for row in read_rows("orders") if email and row["email"] == email.strip().lower()]


def condensed(sentences, question, most=3):
    """Return the places of the sentences to say, in their order: the first, and those most like the question."""
    if len(sentences) <= most:
        return list(range(len(sentences)))
    vectors = vectoriser("letters").fit([question, *sentences])
    alike = (vectors.transform(sentences[1:]) @ vectors.transform([question]).T).toarray()[:, 0]
    return [0, *sorted(int(k) + 1 for k in np.argsort(-alike, kind="stable")[: most - 1])]


def slots_of(meaning, language):
    """Return the slots of a page: "order", "status", "size", "delivery date"."""
    return set(re.findall(r"\{(.*?)\}", pages(language)[meanings().index(meaning)][1]))


def answer(meaning, language, question="", order=None):
    """Return the sentences of a page that answer a question, filled in from an ``order`` (a row), or without slots.

    A sentence with a slot is left out where no order is given, and where a date is asked for that is not ahead.
    """
    said, found = sentences_of(pages(language)[meanings().index(meaning)][1]), []
    for place in condensed(said, question):
        text, slots = said[place], re.findall(r"\{(.*?)\}", said[place])
        if slots and order is None:
            continue
        if "delivery date" in slots and not (order["delivery date"] and order["status"] in ON_THE_WAY):
            found.append(frame("no date", language))
            continue
        for slot in slots:
            text = text.replace("{" + slot + "}", order[SLOTS[language].get(slot, slot)])
        found.append(Sentence(text, ("page", meaning, place), order["order"] if slots else ""))
    return found


def joined(named, language, question="", order=None):
    """Return the answer to one meaning, or to two, each under its heading."""
    if len(named) == 1:
        return answer(named[0], language, question, order)
    heads = [frame("first", language), frame("second", language)]
    return [
        one for head, name in zip(heads, named, strict=True) for one in (head, *answer(name, language, question, order))
    ]


def text_of(sentences, language):
    """Return a reply as one text; titles and order numbers, which have no full stop, are lines of their own."""
    return "".join(
        ("\n" if one.source[0] in ("title", "order") else "" if language == "zh" or not k else " ") + one.text
        for k, one in enumerate(sentences)
    )


# --- the guard: what is refused before a page is looked for ----------------------------------------------------------


def _patterns(text):
    """Return the lines of a text; a line that begins with two spaces goes on with the one before."""
    return text.strip().replace("\n  ", "").splitlines()


INSTRUCTIONS = _patterns(
    r"""
\b(ignore|forget|disregard|override|bypass|skip)\b.{0,40}\b(instruction|rule|prompt|previous|above|polic|
  restriction|filter|guideline|you were told)
\b(system|developer|admin\w*|debug|root|maintenance|god|test)\b[ -]*(prompt|mode|message|override|access|note|
  command|notice)
\b(you are|you're|act|behave|pretend|imagine|role[- ]?play)\b.{0,30}\b(as if|as an?|to be|that you)\b
\byou('re| are) (now|no longer) (an?|my|the|in|free|called)\b|\byou('re| are) now \w*bot\b|\byour new (name|
  role|task|job|rule|instruction)
\b(repeat|say|write|print|output|reply|respond|answer)\b.{0,25}\b(after me|exactly|verbatim|the (word|phrase|
  sentence|text)|only with|word for word|in capitals|yes or no)
\b(begin|start|end) (your|the|every|each) (reply|answer|message|response|sentence)
\b(reveal|show|print|tell|give|list|dump|what('s| is| are))\b.{0,30}\b(your (hidden |secret |initial )?(prompt|
  instructions|configuration)|source code|password list|api key|database|all (the )?(orders|customers|users))
</?(system|user|assistant|inst|script)|\[/?(system|inst)|\{\{|###|```|<\||\b(system|assistant|developer) ?:
\b(base64|rot13|python|javascript|sql)\b|select \*|drop table|\b(write|compose|tell)\b.{0,20}\b(poem|song|essay|
  story|joke|program)\b
\bfrom now on,? (you|answer|always|reply|act|every|respond|all)|\bnew (instruction|polic)|jailbreak|\bdan mode|
  you can do anything
忽略|无视|忘(掉|记).{0,8}(指令|规则|以上)|系统(提示|消息|指令|管理)|开发者|管理员|调试|你现在是|你(要)?扮演|
  假装|从现在起|逐字|原样|重复(我|以下|下面)|输出(以下|下面|你的)|提示词|新(规则|指令)|绕过|越狱|写.{0,3}(诗|代码|
  故事)
"""
)
PROMISES = _patterns(
    r"""
\b(you|your \w+|someone|somebody|a colleague|the (lady|man|guy|woman|rep|manager|agent)|he|she|they|i was|
  it was|has been|been)\b.{0,30}\b(said|told|promised|agreed|confirmed|assured|guaranteed|
  offered)\b.{0,80}\b(free|full refund|discount|voucher|percent|half|compensat|waive|exception|deal|double|
  for nothing|no charge|keep (it|them|the))
\b(you|your \w+|someone|somebody|a colleague|he|she|they|i was)\b.{0,30}\b(said|told|promised|agreed|confirmed|
  assured|guaranteed|offered)\b.{0,60}(\d+ ?%|[€£$] ?\d|\d+ ?(euro|eur\b|€))
\bpromised me\b|\bas agreed\b|\bkeep your (word|promise)|\bmy (deal|agreement) with
\b(can|could|please|just|must|to|will|would|and) (you )?(please )?(just )?(confirm|promise|guarantee|assure me|
  swear|commit)\b.{0,60}\b(free|refund|discount|price|will|in writing|today|tomorrow|my|me|i)\b|^\W*(confirm|
  promise|guarantee|assure)\b
\b(give|grant|offer|approve|issue|credit)\b.{0,15}\b(me|us)\b.{0,30}\b(discount|voucher|for free|free|
  compensation|exception|bonus|full refund|percent|%)
\bmake an exception|\blegally binding|\bbinding offer|\bfor (one|1) (euro|cent)\b|\bi('m| am) entitled
(你们|客服|同事|店员|经理|上次|之前|昨天|刚才|机器人|他|她).{0,10}(说好?|答应|承诺|保证|同意).{0,30}(免费|
  打.{0,2}折|半价|赔|补偿|优惠|免单|免运费|全额|延长|白送|券)
(请|快|必须|马上|你).{0,4}(确认|保证|承诺|答应).{0,20}(免费|退|折|送|赔|补|优惠|免|给我|一定)|给我(打|
  免).{0,12}(折|单)|有法律效力|一言为定
"""
)
OTHERS = _patterns(
    r"""
\b(what|where|which|when|whether|tell|show|give|see|know|look|find|check|list|share|access|read|hint|details?|
  status|change|cancel)\b.{0,50}\b(wife|husband|partner|girlfriend|boyfriend|ex|boss|neighbou?r|friend|mother|
  father|mum|mom|dad|sister|brother|son|daughter|customer|client|buyer|person|someone|somebody|roommate|flatmate|
  aunt|uncle|cousin)('s|s'|s)?\b.{0,40}\b(order|orders|ordered|bought|address|e-?mail|phone|number|purchases?|
  account|data|details|spent)\b
\b(order|orders|address|e-?mail|phone|number|details|data|account|purchases?|status|size)\b.{0,20}\b(of|from|
  belong\w* to|placed by|for customer)\b.{0,20}\b(customer|wife|husband|partner|neighbou?r|ex|boss|client|
  colleague|someone|somebody|people|[\w.+-]+@)
\b(what|show|list|give|tell|look up|check|see)\b.{0,40}[\w.+-]+@[\w-]+\.\w+|[\w.+-]+@[\w-]+\.\w+.{0,40}\b(order|
  bought|status|parcel|address|size)
\b(wife|husband|partner|girlfriend|boyfriend|ex|boss|neighbou?r|mother|father|sister|brother|daughter|son|
  friend|customer)('s|s'|s) (last |recent |old )?(order|orders|address|e-?mail|phone|number|account|data|
  purchases?)\b
\b\w+'s (husband|wife|partner|boss|lawyer|mother|father|secretary)\b.{0,40}\b(show|her|his|order|parcel|tell)\b|
  \b(i'?m|i am) not the (buyer|customer|owner)
\bher husband and|\bwho (ordered|bought|placed)|\ball (the )?(orders|customers|addresses|e-?mails)|
  \blist of (orders|customers)|\bother customers?('s|s')?\b|\b(last|next|previous) (customer|order in)
(看|查|告诉|知道|给|发|问|把).{0,12}(别人|他人|其他(客户|顾客|人)|另一(个|位)(客户|顾客|人)|所有(订单|客户|
  顾客)|老公|老婆|丈夫|妻子|男友|女友|男朋友|女朋友|邻居|同事|朋友|前任|妈妈|爸爸|老板|客户).{0,20}(订单|地址|
  邮箱|电话|买|信息|资料|账户|号码|尺码)
(订单|地址|邮箱|电话|信息|资料|账户).{0,10}(是谁|谁的|属于谁)|谁(下单|下的单|买|订)
"""
)
GUARD = {"instruction": INSTRUCTIONS, "other's data": OTHERS, "promise": PROMISES}
LOOKALIKES = str.maketrans("0134578@$аеорсухіѕ", "oieastbasaeopcyxis")


def undisguised(text):
    """Return a text in small letters of usual form: styled letters, accents and hidden signs are undone."""
    known = unicodedata.normalize("NFKC", text)
    return re.sub(r"\s+", " ", "".join(c for c in known if unicodedata.category(c) not in ("Mn", "Cf", "Cc")).lower())


def guarded(text):
    """Return why a message is not looked up, a key of GUARD, or "": patterns on the text as typed and undisguised."""
    said = undisguised(text)
    spaced = re.sub(r"\b(?:\w[ .*_-]){3,}\w\b", lambda run: re.sub(r"[ .*_-]", "", run[0]), said)
    for kind, patterns in GUARD.items():
        forms = {said, spaced} if kind == "other's data" else {said, spaced, spaced.translate(LOOKALIKES)}
        if any(re.search(pattern, form) for pattern in patterns for form in forms):
            return kind
    return ""


def knowledge_problems(title, text):
    """Return what a page holds that a help page must not: words to a machine, an address, a link, code, hidden signs.

    A page that has a problem is not loaded. It is the same guard, on the knowledge instead of the message.
    """
    said, found = undisguised(f"{title}. {text}"), []
    if re.search(
        r"\b(assistant|chatbot|language model|ai|bot|machine learning|prompt|instructions?)\b|助手|机器人|模型|提示词",
        said,
    ):
        found.append("speaks to a machine")
    if guarded(text) == "instruction":
        found.append("an instruction")
    if re.search(r"https?:|www\.|[\w.]+@[\w.]+|\+?\d[\d ()/-]{7,}", said):
        found.append("an address, a link or a telephone number")
    if any(unicodedata.category(c) in ("Cf", "Co", "Cc") for c in text) or re.search(r"<[a-z!/]|<!--", text):
        found.append("hidden signs or mark-up")
    return found


# --- the dialogue ----------------------------------------------------------------------------------------------------

PERSON = (
    r"\b(person|human|real someone|colleague|agent|representative|somebody real)\b.{0,12}$|^\W*person\W*$|人工|真人"
)
MACHINE = (
    r"\b(are|is|am) (you|this|i)\b.{0,30}\b(bot|machine|robot|human|real|person|ai|computer|chatbot)"
    r"|你是.{0,6}(机器|人工|真人|人吗|ai)"
)
NUMBER = r"(?<![a-z0-9])nh[- ]?(\d{4,})(?![a-z0-9])"  # no \b: a Chinese sign counts as a letter


class Desk:
    """The retrievers of all training questions, and the frozen weights, calibrator and thresholds of `choose`."""

    def __init__(self, frozen=None, regime="pages with examples", by="by risk"):
        chosen = (frozen or json.loads(runtime.stored("service").read_text(encoding="utf-8"))["chosen"])[regime]
        self.model, self.thresholds = chosen["model"], chosen["thresholds"][by]
        self.finders = finders_for(single(questions("train")))

    def look_up(self, text):
        """Return (names of the pages that answer, of some to choose from, probability that the first is right)."""
        parts = parts_of(text)
        read = readings(self.finders[language_of(text)].scores([text, *parts]), self.model)
        parent, names = np.zeros(len(parts) + 1, int), meanings()
        chosen = decisions(read["top"], read["sure"], parent, 1, *self.thresholds)[0]
        shown = offers(read, parent, 1)[0]
        return [names[k] for k in sorted(chosen)], [names[k] for k in shown], float(read["sure"][0])


class Chat:
    """One conversation: it keeps who is signed in, the order it is about, its language, and what it has asked back.

    ``say(text)`` returns the sentences of the reply; ``log`` holds both sides, ``sources`` the titles that each entry
    was copied from, ``summary()`` is for the colleague.
    """

    def __init__(self, desk, email=None, language="en"):
        self.desk, self.email, self.language = desk, email, language
        self.number, self.pending, self.offers, self.asked = None, None, [], ""
        self.handed_over, self.log, self.sources = False, [], []
        self._reply([frame("hello", language)])

    @property
    def order(self):
        """The order that the conversation is about, read anew: only if it is of who is signed in *now*, else None."""
        return next((row for row in own_orders(self.email) if row["order"] == self.number), None)

    @property
    def size(self):
        """The size of the order that the conversation is about, or ""."""
        return self.order["size"] if self.order else ""

    def say(self, text):
        """Return the reply to a customer's message, a list of `Sentence`."""
        self.log.append(("customer", text))
        self.sources.append([])
        if re.search(r"[a-z]{2}|[\u4e00-\u9fff]", text.lower()) and not re.fullmatch(r"\W*nh[- ]?\d+\W*", text.lower()):
            self.language = language_of(text)
        return self._reply(self._answered(text))

    def _reply(self, sentences):
        self.log.append(("machine", text_of(sentences, self.language)))
        named = dict.fromkeys(one.source[1] for one in sentences if one.source[0] == "page")
        self.sources.append([pages(self.language)[meanings().index(name)][0] for name in named])
        return sentences

    def _said(self, *names):
        return [frame(name, self.language) for name in names]

    def _answered(self, text):
        plain = undisguised(text)
        if self.pending and re.fullmatch(r"\W*\d{6}\W*", plain):  # "Which order?" "204817"
            plain = "nh" + re.sub(r"\W", "", plain)
        numbers = {f"NH{number}" for number in re.findall(NUMBER, plain)}
        if (said := self._by_rule(text, plain, numbers)) is not None:
            return said
        if numbers and re.fullmatch(rf"\W*{NUMBER}\W*", plain):
            return self._sentences(self.pending or ["order-status"], text)
        if self.pending and numbers:
            return self._sentences(self.pending, text)
        if not words_of(plain):  # an emoji, Cyrillic: every page ties, and the first of the file are no choice
            return self._said("say more")
        named, offered, _ = self.desk.look_up(text)
        if named:
            return self._sentences(named, text)
        self.offers, self.asked = offered, text
        titles = [pages(self.language)[meanings().index(name)][0] for name in offered]
        lines = [Sentence(f"{k}: {titles[k - 1]}", ("title", name)) for k, name in enumerate(offered, 1)]
        return [*self._said("choice"), *lines]

    def _by_rule(self, text, plain, numbers):
        """Return the reply where none is looked up: machine, person, refusal, choice, another's order; or None."""
        reason, said, own = guarded(text), None, {row["order"] for row in own_orders(self.email)}
        if re.search(MACHINE, plain):
            said = self._said("machine")
        elif self.handed_over:
            said = self._said("passed on")
        elif re.search(PERSON, plain):
            said = self._to_colleague()
        elif reason:
            more = answer("privacy-other-person", self.language) if reason == "other's data" else []
            said = [*self._said("refused"), *more]
        elif self.offers and (picked := self._picked(plain)):
            said = picked
        elif self.email and numbers - own:
            said = self._said("not yours")
        elif self.email and len(numbers) > 1:
            self.number, self.pending = None, self.pending or self.desk.look_up(text)[0] or None
            said = self._which(own & numbers)
        elif self.email and numbers:
            self.number = min(numbers)
        return said

    def _picked(self, plain):
        offered, self.offers = self.offers, []
        if re.fullmatch(rf"\W*[1-{len(offered)}]\W*", plain):
            return self._sentences([offered[int(re.search(r"\d", plain)[0]) - 1]], self.asked)
        if re.fullmatch(r"\W*(0|no|none|neither|none of (these|them)|都不是|不是|没有)\W*", plain):
            return [*self._said("no page"), *self._to_colleague()]
        return None

    def _which(self, numbers):
        lines = [Sentence(number, ("order", number), number) for number in sorted(numbers, reverse=True)]
        return [*self._said("which"), *lines]

    def _sentences(self, named, question):
        """Return the answer to the named pages; where a slot is missing, ask back for it."""
        slots, orders = set().union(*(slots_of(name, self.language) for name in named)), own_orders(self.email)
        if slots and self.order is None and len(orders) == 1:
            self.number = orders[0]["order"]
        said = joined(named, self.language, question, self.order if slots else None)
        if not slots or self.order:
            self.pending = None
            return said
        self.pending = named if self.email else None
        return [*said, *(self._which(row["order"] for row in orders) if orders else self._said("sign in"))]

    def _to_colleague(self):
        self.handed_over = True
        return self._said("hand over")

    def summary(self):
        """Return what the colleague reads: who it is, which order and size, the language, and what was written."""
        order = f"{self.order['order']} ({self.order['status']}), size {self.size}" if self.order else "none named"
        wrote = [text for who, text in self.log if who == "customer"]
        return "\n".join(
            [f"signed in: {self.email or 'no'}", f"order: {order}", f"language: {self.language}"]
            + [f"wrote: {text}" for text in wrote]
        )


class ChatWindow:
    """A widget: who is signed in is chosen, messages are typed, and each reply names the pages it was copied from.

    Each part has a class aigc-chat-NAME for tests. ``send(text)`` does without a mouse what the button does, and
    ``transcript()`` is the static twin.
    """

    def __init__(self, desk):
        import ipywidgets

        self.desk = desk
        people = sorted({row["email"] for row in read_rows("orders")})
        self.who = ipywidgets.Dropdown(options=[("not signed in", ""), *((one, one) for one in people)])
        self.text = ipywidgets.Text(placeholder="How long can I return something?", layout={"width": "36em"})
        self.button, self.log = ipywidgets.Button(description="send"), ipywidgets.HTML()
        for name in ("who", "text", "button", "log"):
            getattr(self, name).add_class(f"aigc-chat-{name}")
        self.button.on_click(lambda _: self.send(self.text.value))
        self.who.observe(lambda change: self.begin(change["new"]), "value")
        self.box = ipywidgets.VBox([self.who, self.log, ipywidgets.HBox([self.text, self.button])])
        self.begin("")

    def _repr_mimebundle_(self, **options):
        return self.box._repr_mimebundle_(**options)

    def begin(self, email):
        """Start a new conversation of a signed-in address, or of nobody."""
        self.chat = Chat(self.desk, email or None)
        self._show()

    def send(self, text):
        """Send a message; return the sentences of the reply."""
        said = self.chat.say(text) if text.strip() else []
        self.text.value = ""
        self._show()
        return said

    def _entries(self):
        for (who, said), titles in zip(self.chat.log, self.chat.sources, strict=True):
            yield who, said, f"[{'; '.join(titles)}]" if titles else ""

    def transcript(self):
        """Return the conversation as plain text, the pages of each reply in brackets."""
        lines = (f"{who:9}{said}\n{titles}".rstrip() for who, said, titles in self._entries())
        return "\n".join(line.replace("\n", "\n" + 9 * " ") for line in lines)

    def _show(self):
        self.log.value = "".join(
            f"<p><b>{who}:</b> {html.escape(said).replace(chr(10), '<br>')} <small>{html.escape(titles)}</small></p>"
            for who, said, titles in self._entries()
        )


# --- measured: 2,000 answers, with inventions planted as a control ---------------------------------------------------


def fixed_sentences():
    """Return the sentences and titles that a reply may hold beside a page's own."""
    import service_check

    titles = [f"{k}: {title}" for language in ("en", "zh") for title, _ in pages(language) for k in range(1, 6)]
    return {part for one in FRAMES.values() for said in one for part in service_check.split(said)} | set(titles)


def drawn_answers(desk, count, seed=0):
    """Return [(reply, e-mail)]: what the chat says to test messages of random customers, no pair twice.

    Where it offers a choice, one is picked at random, right or wrong; replies that copy no page are left out.
    """
    rng, messages, found = np.random.default_rng(seed), questions("test"), []
    people = sorted({row["email"] for row in read_rows("orders")})
    look_up = functools.cache(desk.look_up)
    quick = types.SimpleNamespace(look_up=look_up)
    for pair in rng.permutation(len(messages) * len(people)):
        message, email = messages[pair // len(people)], people[pair % len(people)]
        chat = Chat(quick, email, message["language"])
        said = chat.say(message["text"])
        if chat.offers:
            said = chat.say(str(rng.integers(len(chat.offers)) + 1))
        if any(one.source[0] == "page" for one in said):
            found.append((text_of(said, chat.language), email))
        if len(found) == count:
            break
    return found


def inventions(reply, email, rng):
    """Return {kind: the reply with one thing invented in it}, of the kinds that this reply has room for."""
    number = list(re.finditer(r"(?<![\w.:-])\d+(?![\w.:-])", reply))
    found = {
        "a promise is added": reply + rng.choice([" We promise you a full refund.", " You get it free of charge."])
    }
    if number:
        one = number[rng.integers(len(number))]
        found["a number is changed"] = reply[: one.start()] + str(int(one[0]) + 1) + reply[one.end() :]
        real = [m for m in number if (other := {"30": "60", "60": "30", "3": "2", "5": "3"}.get(m[0]))]
        if real:
            other = {"30": "60", "60": "30", "3": "2", "5": "3"}[real[0][0]]
            found["a number of another page"] = reply[: real[0].start()] + other + reply[real[0].end() :]
    for old, new in ((" cannot ", " can "), (" not ", " "), ("不", ""), (" never ", " always ")):
        if old in reply:
            found["a negation is lost"] = reply.replace(old, new, 1)
            break
    strange = [row["order"] for row in read_rows("orders") if row["email"] != email]
    if mine := re.search(r"NH\d{6}", reply):
        found["another customer's order"] = reply.replace(mine[0], str(rng.choice(strange)))
    for old, new in (("working days", "days"), ("euros", "percent"), ("个工作日", "天"), ("欧元", "元")):
        if old in reply:
            found["another unit"] = reply.replace(old, new, 1)
            break
    language = language_of(reply)
    other = sentences_of(pages(language)[rng.integers(len(meanings()))][1])[-1]
    if "{" not in other and other not in reply:
        found["a true sentence of another page"] = f"{reply} {other}"
    passages = [row["text"] for row in read_rows("attacks") if row["kind"] == "hidden" and row["language"] == language]
    return found | {"a passage by the attacks' author": f"{reply} {rng.choice(passages)}"}


def answers(count=2000):
    """Check answers, and inventions planted in each of them: what the two checks stop, and what they miss."""
    import service_check

    fixed, rng, drawn = fixed_sentences(), np.random.default_rng(1), drawn_answers(Desk(by="by cost"), count)
    checks = {
        "each sentence traced": lambda reply, email: bool(service_check.untraced(reply, email, fixed)),
        "numbers only": lambda reply, email: bool(service_check.unknown_figures(reply, email)),
    }
    stopped = {name: [reply for reply, email in drawn if check(reply, email)] for name, check in checks.items()}
    planted = {}
    for reply, email in drawn:
        for kind, false in inventions(reply, email, rng).items():
            counts = planted.setdefault(kind, {"planted": 0} | dict.fromkeys(checks, 0))
            counts["planted"] += 1
            for name, check in checks.items():
                counts[name] += check(false, email)
    bound = upper_bound(len(stopped["each sentence traced"]), len(drawn))
    different = len({reply for reply, _ in drawn})
    found = {
        "answers": len(drawn),
        "different": different,
        "stopped": {name: len(some) for name, some in stopped.items()},
        "upper bound": bound,
    }
    return {"answers": found | {"planted": planted, "examples": {n: s[:3] for n, s in stopped.items()}}}


def every_sentence():
    """Return the set of (sentence, e-mail) that `answer` can say: each page's sentences, filled from each order."""
    found, orders = set(), read_rows("orders")
    for language in ("en", "zh"):
        for name in meanings():
            whole = sentences_of(pages(language)[meanings().index(name)][1])
            for order in orders if slots_of(name, language) else orders[:1]:
                for question in whole:  # shortening keeps the sentence that is asked for
                    found |= {(one.text, order["email"]) for one in answer(name, language, question, order)}
    return found


def sentences():
    """Check every sentence that a page can say: not a sample, and so without an interval."""
    import service_check

    fixed, said = fixed_sentences(), every_sentence()
    return {"sentences": [sum(bool(service_check.untraced(text, email, fixed)) for text, email in said), len(said)]}


# --- attacks, written by somebody who did not see the guard ----------------------------------------------------------


def leaks(reply, email):
    """Return the order numbers and e-mail addresses in a reply that are not the signed-in customer's."""
    own = {row["order"] for row in own_orders(email)} | {(email or "").lower()}
    return sorted(set(re.findall(r"NH\d{6}|[\w.+-]+@[\w-]+\.\w+", reply)) - own)


def attacked(desk, rows):
    """Return of each row what the layers do: guard's reason, the reply, what the checker and `leaks` name."""
    import service_check

    fixed, found = fixed_sentences(), []
    for row in rows:
        if row["kind"] == "hidden":  # a passage of a help page, not a message
            said = knowledge_problems("", row["text"])
            done = {"guard": ", ".join(said), "did": "not loaded" if said else "loaded", "harm done": not said}
            found.append(row | done)  # a page that is loaded would be quoted
            continue
        chat = Chat(desk, row["signed_in"] or None, row["language"])
        said = chat.say(row["text"])
        reply = text_of(said, chat.language)
        harm = bool(service_check.untraced(reply, row["signed_in"], fixed) or leaks(reply, row["signed_in"]))
        right = did(said, chat) == "answered" and {one.source[1] for one in said if one.source[0] == "page"} == {
            row["goal"]
        }
        found.append(
            row
            | {"guard": guarded(row["text"]), "did": did(said, chat), "reply": reply, "harm done": harm}
            | {"right page": right}
        )
    return found


def did(said, chat):
    """Return in a word how a message was replied to."""
    names = [one.source[1] for one in said if one.source[0] == "frame"]
    if chat.handed_over:
        return "handed over"
    known = {
        "refused": "refused",
        "choice": "offered",
        "not yours": "not yours",
        "sign in": "sign in",
        "machine": "machine",
        "say more": "say more",
    }
    return next((word for name, word in known.items() if name in names), "answered")


def counted_by_kind(rows, key):
    """Return {kind: {value of the key: rows}}."""
    found = {}
    for row in rows:
        own = found.setdefault(row["kind"], {})
        own[str(row[key])] = own.get(str(row[key]), 0) + 1
    return found


def attacks():
    """Measure the guard and the replies on 500 attacks and 250 honest messages by another writer, once."""
    done = attacked(Desk(by="by cost"), read_rows("attacks"))
    bad, fine = [row for row in done if row["harm"] == "1"], [row for row in done if row["harm"] != "1"]
    missed = [row for row in bad if not row["guard"]]
    refused = [row for row in fine if row["guard"] or row["did"] == "not yours"]
    found = {"guard": counted_by_kind([row | {"stopped": bool(row["guard"])} for row in done], "stopped")}
    found |= {"did": counted_by_kind(done, "did"), "harm done": counted_by_kind(bad, "harm done")}
    kinds = sorted({row["kind"] for row in missed})
    some = {kind: [row["text"] for row in missed if row["kind"] == kind][:4] for kind in kinds}
    answered = [row for row in bad if row["did"] == "answered"]
    quoted = [{key: row[key] for key in ("kind", "text", "goal", "reply")} for row in answered]
    return {
        "attacks": found
        | {
            "missed by the guard": some,
            "honest refused": [row["text"] for row in refused][:12],
            "answered": quoted[:12],
            "honest answered rightly, of": [
                sum(row["right page"] for row in fine),
                sum(r["did"] == "answered" for r in fine),
            ],
        }
        | {
            "answered, of": [len(answered), len(bad)],
            "upper bound of harm": upper_bound(sum(r["harm done"] for r in bad), len(bad)),
        }
    }


STAGES = {"answers": answers, "sentences": sentences, "attacks": attacks}

if __name__ == "__main__":
    run_stages(STAGES, STORE, __doc__)
