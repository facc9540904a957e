"""The retrievers on a help text that other people wrote: the Debian GNU/Linux FAQ 11.0. For notebook 19.

python benchmarks/service_debian.py debian   needs AIGC_DATA_DIR; adds the table to service.json, and no text of the FAQ

The FAQ's notice: "Copyright © 1996-2021 Software in the Public Interest. Permission is granted to make and distribute
verbatim copies of this document provided the copyright notice and this permission notice are preserved on all copies."
The paraphrases below are this project's own. They were written from the FAQ's table of contents before any ranking.
"""

import gzip
import json
import os
import re
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from common import run_stages  # noqa: E402
from service import (  # noqa: E402
    ALONE,
    STORE,
    as_lists,
    bm25_scores,
    fused_by_rank,
    gain,
    measured,
    plain,
    stacked,
    translation,
    vectoriser,
    words_of,
)

LEAST_WORDS = 20  # of a section that can be found
PARAPHRASES = """
1.2 Could you tell me in a few words what sort of thing this operating system is?
1.4 Do you people also offer something that runs on another kernel?
1.5 Why would I pick yours rather than Fedora or SUSE?
1.7 Am I saying the name right when I speak it aloud?
2.1 Which version number is current right now?
2.2 Once something has been declared finished, does it still receive newer programs?
2.3 I need the ISO file to burn. Where do I download it?
2.4 Got a set of discs here, how do I put it on my computer?
2.6 Can I set it up straight over the network, without any disc?
2.7 My machine won't boot the setup program the usual way, what else could I try?
3.1 I'm torn between the three branches, which one suits me?
3.1.1 My brand new graphics card isn't recognised by the version you recommended.
3.1.3 Everything in there is ancient, my desktop is two years behind. How come?
3.1.4 If I regret my choice later, may I switch to another branch?
3.1.6 People say that one branch is sometimes damaged. What is meant?
3.1.8 Which of them gives a sysadmin the most work?
3.1.9 What goes on with the branches on the day of publication?
3.1.10 Somebody else installed this PC. How do I see which branch it follows?
3.2.3 I've a Mint box and would like to move over to the original.
4.1 Will it work on my old PowerPC or on an ARM board?
4.3 Can I expect programs made for other distros to work here?
4.5 I found an rpm of the tool I need. May I install that?
4.6 The program I want isn't in your archive; where do I put it by hand?
5.2 Whose work are all those programs?
5.3 I'd like a complete listing of everything that's available to install.
5.4 What do I need so that I can compile and package things?
5.6 The linker complains that it can't find a library though it's there.
5.7 Can I run applets and jar files?
5.8 How do I find the release number on this computer?
5.9 I'd like menus and messages in Portuguese.
5.12 I want to look at satellite maps on my desktop.
5.13 How can I make telephone calls over the internet?
5.14 The wifi adapter in my laptop is dead since I installed.
6.2 Why do releases have such odd nicknames?
6.2.2 Is it true that the nicknames come from a film?
6.3 Who or what is the one that never gets released?
6.5.1 How does a branch come to a standstill before it's published?
6.9 I want to read the program code, where's that kept?
6.11 Where do uploads wait before they go into the archive?
6.12 I'd like to host packages of my own so that others can install them.
7.1 What exactly is inside one of those .deb things?
7.3 What do the long names of the files mean?
7.5 Which settings files are left alone when I upgrade?
7.6 What are the scripts that run before and after something is installed?
7.7 What does it mean that something has priority optional or required?
7.8 Several mail servers can fill the same role, how is that expressed?
7.9 What's the difference between needing another program and merely suggesting it?
7.12 I want one program to stay at the version it is and never be upgraded.
7.14 I've downloaded the sources, how do I turn them into something installable?
7.15 I wrote a tool and want to make a .deb of it.
8.2 How can a daemon be exchanged while it's in use?
8.3 I need an inventory of what's on this box.
8.4 Which files did this program put on my disk?
8.5 There's a strange file in /usr/bin, where did it come from?
8.6 I deleted a game but its graphics are still there, and old libraries too.
9.2 Do I have to kick everybody out and shut things down before upgrading?
9.3 My /var is full of downloaded archives, can I delete them?
9.4 Is there a record of what I installed and removed, and when?
9.5 I'd like security fixes to be put on every night by themselves.
9.6 Ten computers in our office, I don't want to fetch the same thing ten times.
10.1 Can I build Linux itself in the ordinary way?
10.4 There are five old kernels in my boot menu. Is it safe to throw them out?
11.1 All printouts come out in Letter although I use A4.
11.2 How do I let users use the sound card and scanner without making them root?
11.5 What happens from switching on until the login prompt?
11.9 I want to use my own version of a file and not the one from the package.
11.11 I prefer another editor as the standard, how do I switch the default?
12.2.1 Can I subscribe by e-mail to discussions?
12.4 Where do I see which faults are already known?
12.5 Something crashes all the time, whom do I tell, and how?
13.1 I'd like to join the team, what do I have to do?
13.2 We have a spare server and bandwidth to give away.
13.3 How can I donate some money?
14.1 May I burn discs and sell them at the market?
14.2 Am I allowed to ship it together with proprietary programs?
14.4 We sell software; can we offer it in your format so that customers just click?
16.2 I found a mistake in this document, who wants to know?
"""


def sections():
    """Return {number: (title, text)} of the FAQ's sections of at least LEAST_WORDS words."""
    path = Path(os.environ.get("AIGC_DATA_DIR", "")) / "debian-faq.en.txt.gz"
    if not path.is_file():
        raise FileNotFoundError(f"received no {path.name}; expected it in the folder that AIGC_DATA_DIR names.")
    text = gzip.decompress(path.read_bytes()).decode()
    body = text[re.search(r"^Chapter.1\.", text, re.M).start() :]
    pieces, found = re.split(r"^(\d+(?:\.\d+)+)\.\xa0", body, flags=re.M), {}
    for number, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        title, _, said = piece.partition("\n\n")
        said = re.sub(r"^Chapter.\d+\..*\Z", "", said, flags=re.M | re.S)
        if len(said.split()) >= LEAST_WORDS:
            found[number] = (" ".join(title.split()), " ".join(said.split()))
    return found


def scores_of(asked, documents, titles, weights):
    """Return {retriever: scores}; the translation learns from titles and sections, without a section's own title."""
    by_words, by_letters = vectoriser("words"), vectoriser("letters")
    pages_words = by_words.fit_transform([plain(one) for one in documents])
    pages_letters = by_letters.fit_transform([plain(one) for one in documents])
    words = by_words.transform([plain(one) for one in asked])
    found = {"BM25": bm25_scores(asked, [words_of(one) for one in documents])}
    found["TF-IDF, words"] = (words @ pages_words.T).toarray()
    found["TF-IDF, letters"] = (by_letters.transform([plain(one) for one in asked]) @ pages_letters.T).toarray()
    found["three by rank"] = fused_by_rank(list(found.values()))
    learnt = by_words.transform([plain(one) for one in titles]).toarray()
    found["translation"] = np.asarray(words @ translation(learnt, pages_words.toarray(), np.arange(len(titles))))
    found["fusion"] = stacked(found, ALONE) @ np.array(weights)
    return found


def debian():
    """Measure title → text, and paraphrase → title and text, with the weights that the shop's questions gave."""
    some = sections()
    numbers, (titles, texts) = list(some), zip(*some.values(), strict=True)
    weights = json.loads(STORE.read_text(encoding="utf-8"))["chosen"]["pages without examples"]["model"]["weights"]
    said = [line.split(" ", 1) for line in PARAPHRASES.strip().splitlines()]
    said = [(numbers.index(number), text) for number, text in said]
    tasks = {
        "titles": (titles, np.arange(len(titles)), texts),
        "paraphrases": (
            [text for _, text in said],
            np.array([k for k, _ in said]),
            [f"{title}. {title}. {title}. {text}" for title, text in some.values()],
        ),
    }
    found = {"sections": len(some)}
    for name, (asked, right, documents) in tasks.items():
        scores = scores_of(asked, documents, titles, weights)
        found[name] = {
            "questions": len(asked),
            "table": {retriever: measured(one, right) for retriever, one in scores.items()},
            "gain over BM25": {n: gain(one, scores["BM25"], right) for n, one in scores.items() if n != "BM25"},
        }
    return {"debian": as_lists(found)}


if __name__ == "__main__":
    run_stages({"debian": debian}, STORE, __doc__)
