"""The listening test of 18_case_speech: clips in an order by lot, opinions from 1 to 5, their mean and its interval."""

import io

from aigc_utils import audio
from benchmarks.speech_voice import RATE

import numpy as np


def mean_opinion(scores):
    """Return (mean, low, high) of opinions from 1 to 5, (listeners, clips): Student's 95 % interval over listeners.

    One listener's opinions of several clips hang together, so each listener counts once: 3 or more are needed.
    """
    from scipy import stats

    scores = np.asarray(scores, float)
    if scores.ndim != 2 or len(scores) < 3 or not ((scores >= 1) & (scores <= 5)).all():
        raise ValueError(f"received scores {scores.shape}; expected (listeners >= 3, clips), each from 1 to 5.")
    each = scores.mean(1)
    half = stats.t.ppf(0.975, len(each) - 1) * each.std(ddof=1) / np.sqrt(len(each))
    return float(each.mean()), float(each.mean() - half), float(each.mean() + half)


class OpinionTest:
    """A listening test: one clip after the other in an order by lot, five buttons, and the mean opinion at the end.

    ``clips`` is {system: sounds (n,) at RATE}; nothing is named before all are rated. `rate` does without a mouse what
    the buttons do; ``scores`` is {system: opinions} of this one listener. Static twin: `blind_clips`.
    """

    def __init__(self, clips, seed=0):
        import ipywidgets

        self.order, self.clips, self.given = blind_order(clips, seed), clips, []
        self.player = ipywidgets.Audio(format="wav", autoplay=False, loop=False)
        self.caption = ipywidgets.Label()
        names = ("1 bad", "2 poor", "3 fair", "4 good", "5 excellent")
        buttons = [ipywidgets.Button(description=name) for name in names]
        for number, button in enumerate(buttons, 1):
            button.on_click(lambda _, number=number: len(self.given) < len(self.order) and self.rate(number))
        self.box = ipywidgets.VBox([self.player, ipywidgets.HBox(buttons), self.caption])
        self._show()

    def rate(self, opinion):
        """Give the present clip an opinion, a whole number from 1 to 5."""
        if opinion not in (1, 2, 3, 4, 5) or len(self.given) == len(self.order):
            clip = f"clip {len(self.given) + 1} of {len(self.order)}"
            raise ValueError(f"received {opinion!r} for {clip}; expected a whole number from 1 to 5, once for each.")
        self.given.append(opinion)
        self._show()

    @property
    def scores(self):
        """The opinions so far, {system: [opinion, …]}."""
        rated = {system: [] for system in self.clips}
        for (system, _), opinion in zip(self.order, self.given, strict=False):
            rated[system].append(opinion)
        return rated

    def _show(self):
        done, count = len(self.given), len(self.order)
        system, k = self.order[min(done, count - 1)]
        self.player.value = as_wav(self.clips[system][k])
        means = ", ".join(f"{name} {np.mean(opinions):.1f}" for name, opinions in self.scores.items() if opinions)
        self.caption.value = f"clip {done + 1} of {count}" if done < count else f"mean opinion of one listener: {means}"


def blind_order(clips, seed=0):
    """Return [(system, number of its clip)] in an order by lot."""
    pairs = [(system, k) for system, sounds in clips.items() for k in range(len(sounds))]
    return [pairs[k] for k in np.random.default_rng(seed).permutation(len(pairs))]


def as_wav(sound):
    """Return a sound (n,) at RATE as the bytes of a WAV file, at one loudness for all."""
    import soundfile

    buffer = io.BytesIO()
    level = 0.08 / np.sqrt(np.mean(np.square(sound)))
    soundfile.write(buffer, np.clip(level * np.asarray(sound), -1, 1), RATE, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def blind_clips(clips, seed=0):
    """Draw the mel pictures of an `OpinionTest`'s clips in their order, without names; return the figure."""
    import matplotlib.pyplot as plt

    order = blind_order(clips, seed)
    figure, grid = plt.subplots(-(-len(order) // 3), 3, figsize=(9, 1.6 * -(-len(order) // 3)), layout="constrained")
    for number, (axes, (system, k)) in enumerate(zip(grid.flat, order, strict=True), 1):
        sound = clips[system][k]
        levels = np.maximum(audio.log_mel(0.1 * sound / np.sqrt(np.mean(np.square(sound)))), -70.0)
        seconds = len(sound) / RATE
        axes.imshow(levels.T, origin="lower", aspect="auto", cmap="magma", extent=(0, seconds, 0, levels.shape[1]))
        axes.set_title(f"clip {number}", fontsize=9)
        axes.set(xlabel="time (s)", ylabel="mel band")
    return figure
