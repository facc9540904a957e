"""Interactive views for notebooks. Each has a static twin in `plots`, which is what a printed page shows."""

import inspect
import io

from aigc_utils import checks, plots

import numpy as np

SIDE = 256  # pixels of an enlarged picture


def _png(picture, least=SIDE):
    """Return PNG bytes of a uint8 picture, enlarged by a whole factor so that its pixels stay visible."""
    from PIL import Image

    factor = max(1, round(least / picture.shape[0]))
    buffer = io.BytesIO()
    Image.fromarray(picture.repeat(factor, axis=0).repeat(factor, axis=1)).save(buffer, format="PNG")
    return buffer.getvalue()


def latent_explorer(generator, seed=0):
    """Return a widget with two sliders that walk a plane in latent space, by mouse or arrow keys.

    ``generator`` is a `keras.Model` from (n, latent_dim) to images in [-1, 1]; it runs compiled, in a tenth of the time
    of a call. The plane is spanned by two random vectors at right angles;
    angle 0 to 360 degrees turns between them (one is back at the start), and radius is the length of the latent
    vector in units of the usual one: 1 is typical, 0 the centre, 2 a caricature. Static twin: `plots.latent_walk`.
    """
    import ipywidgets

    if not isinstance(generator.input_shape, tuple) or len(generator.input_shape) != 2 or generator.input_shape[1] < 2:
        raise ValueError(f"received a model of inputs {generator.input_shape}; expected (None, latent_dim >= 2).")
    size = generator.input_shape[-1]
    first, second = np.linalg.qr(np.random.default_rng(seed).normal(size=(size, 2)))[0].T * np.sqrt(size)
    wide = ipywidgets.Layout(width="420px")
    angle = ipywidgets.FloatSlider(value=0, min=0, max=360, step=5, description="angle (°)", layout=wide)
    radius = ipywidgets.FloatSlider(value=1, min=0, max=2, step=0.1, description="radius", layout=wide)
    picture = ipywidgets.Image(format="png", width=SIDE, height=SIDE)

    def show(_=None):
        turns = np.deg2rad(angle.value)
        latent = radius.value * (np.cos(turns) * first + np.sin(turns) * second)
        images = generator.predict_on_batch(latent[None].astype(np.float32))
        picture.value = _png(plots.tile(images))

    angle.observe(show, "value")
    radius.observe(show, "value")
    show()  # compiles, too: the sliders' first picture is as fast as the next
    return ipywidgets.VBox([picture, angle, radius])


def figure_explorer(draw, **controls):
    """Return a widget that shows the figure ``draw(**values)`` and draws it anew when a control moves.

    ``draw`` returns a matplotlib Figure. A control is an ipywidget or one of ipywidgets' short forms, as in
    ``width=(0.5, 3.0, 0.1)`` for a slider (least, most, step); it begins at the default of ``draw``'s parameter. Static
    twin: ``draw()`` itself.
    """
    import ipywidgets
    import matplotlib.pyplot as plt

    defaults = {name: parameter.default for name, parameter in inspect.signature(draw).parameters.items()}
    unknown = [name for name in controls if name not in defaults]
    if unknown or not controls:
        raise ValueError(
            f"received the controls {', '.join(controls) or 'none'}; expected some of {', '.join(defaults)}."
        )
    parts = {name: ipywidgets.interactive.widget_from_abbrev(c, defaults[name]) for name, c in controls.items()}
    picture = ipywidgets.Image(format="png")

    def show(_=None):
        with plt.ioff():  # else the notebook would show the figure once more below
            figure = draw(**{name: part.value for name, part in parts.items()})
        if not hasattr(figure, "savefig"):
            raise ValueError(f"{draw.__name__} returned {type(figure).__name__}; expected a matplotlib Figure.")
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        plt.close(figure)
        picture.value = buffer.getvalue()

    for name, part in parts.items():
        part.description = part.description or name.replace("_", " ")
        part.observe(show, "value")
    show()
    return ipywidgets.VBox([picture, *parts.values()])


class LiveGrid:
    """A grid of images with a caption, shown by ``display(grid)`` and changed in place by `update`."""

    def __init__(self, columns=8):
        import ipywidgets

        checks.whole(1, columns=columns)
        self.columns = columns
        self.picture, self.caption = ipywidgets.Image(format="png"), ipywidgets.Label("nothing to see yet")
        self.box = ipywidgets.VBox([self.picture, self.caption])

    def update(self, images, caption=""):
        """Show images (n, height, width, channels), uint8 or float in [-1, 1], with a line of text."""
        self.picture.value = _png(plots.tile(images, self.columns), least=128)
        self.caption.value = caption

    def _repr_mimebundle_(self, **options):
        return self.box._repr_mimebundle_(**options)


class ImageLabeller:
    """A labelling widget: one picture at a time, one button a class, and undo. Static twin: `plots.image_grid`.

    ``labels`` = {index: class}; the same can be done without a mouse by `label`. Pictures come in the given order.
    """

    def __init__(self, images, classes):
        import ipywidgets

        if not len(images) or len(set(classes)) < 2:
            raise ValueError(
                f"received {len(images)} images and the classes {', '.join(classes)}; expected at least one image "
                "and two different classes."
            )
        self.images, self.classes, self.labels = plots.as_bytes(images), tuple(classes), {}
        self.picture, self.caption = ipywidgets.Image(format="png", width=SIDE, height=SIDE), ipywidgets.Label()
        buttons = [ipywidgets.Button(description=name) for name in self.classes]
        for button in buttons:
            button.on_click(lambda pressed: self.current is not None and self.label(self.current, pressed.description))
        undo = ipywidgets.Button(description="undo", icon="undo")
        undo.on_click(lambda _: self.undo())
        self.box = ipywidgets.VBox([self.picture, ipywidgets.HBox([*buttons, undo]), self.caption])
        self._show()

    @property
    def current(self):
        """The index of the first picture without a label, or None when all have one."""
        return next((index for index in range(len(self.images)) if index not in self.labels), None)

    def label(self, index, name):
        """Give picture ``index`` the class ``name``."""
        if name not in self.classes or not 0 <= index < len(self.images):
            raise ValueError(
                f"received label {name!r} for picture {index}; expected one of {', '.join(self.classes)} for a "
                f"picture from 0 to {len(self.images) - 1}."
            )
        self.labels.pop(index, None)  # a second label is the latest, also for undo
        self.labels[index] = name
        self._show()

    def undo(self):
        """Take the last label back."""
        if self.labels:
            self.labels.popitem()
            self._show()

    def _show(self):
        index = self.current
        self.picture.value = _png(plots.tile(self.images[:1] if index is None else self.images[index : index + 1]))
        done = "" if index is not None else ": done"
        self.caption.value = f"{len(self.labels)} of {len(self.images)} labelled{done}"

    def _repr_mimebundle_(self, **options):
        return self.box._repr_mimebundle_(**options)


def label_images(images, classes):
    """Return an `ImageLabeller` for images (n, height, width, channels), uint8 or float in [-1, 1]."""
    return ImageLabeller(images, classes)


class TwoAlternativeTest:
    """A test for a person: pairs of a real and a generated picture, two buttons, and a count with its interval.

    ``real`` and ``generated`` are images (n, height, width, channels); the sides follow from ``seed``. `answer` does
    without a mouse what the buttons do. Nothing is revealed before the end. Static twin: `plots.two_alternatives`.
    """

    def __init__(self, real, generated, seed=0):
        import ipywidgets

        self.pictures, self.sides = plots.pairs(real, generated, seed), plots.hidden_sides(len(real), seed)
        self.answers = []
        self.picture, self.caption = ipywidgets.Image(format="png", width=2 * SIDE, height=SIDE), ipywidgets.Label()
        buttons = [ipywidgets.Button(description=f"{side} is generated") for side in ("left", "right")]
        for index, button in enumerate(buttons):
            button.on_click(lambda _, index=index: len(self.answers) < len(self.sides) and self.answer(index))
        self.box = ipywidgets.VBox([self.picture, ipywidgets.HBox(buttons), self.caption])
        self._show()

    def answer(self, side):
        """Say that the picture on ``side`` (0 left, 1 right) of the present pair is the generated one."""
        if side not in (0, 1) or len(self.answers) == len(self.sides):
            raise ValueError(
                f"received side {side!r} for pair {len(self.answers) + 1} of {len(self.sides)}; expected 0 (left) or 1 "
                "(right), once for each pair."
            )
        self.answers.append(int(side))
        self._show()

    @property
    def correct(self):
        """The number of right answers so far."""
        return int(np.sum(self.sides[: len(self.answers)] == np.array(self.answers, int)))

    def interval(self, confidence=0.95):
        """Return (least, most) share of right answers that the result agrees with (Clopper and Pearson 1934)."""
        from scipy.stats import binomtest

        checks.shares(confidence=confidence)
        if not self.answers:
            raise ValueError("received no answers yet; answer one pair at least.")
        found = binomtest(self.correct, len(self.answers)).proportion_ci(confidence, method="exact")
        return float(found.low), float(found.high)

    def _show(self):
        done, count = len(self.answers), len(self.sides)
        self.picture.value = _png(self.pictures[min(done, count - 1)])
        if done < count:
            self.caption.value = f"pair {done + 1} of {count}"
        else:
            least, most = self.interval()
            self.caption.value = (
                f"{self.correct} of {count} right; 95 % interval {least:.0%} to {most:.0%}; chance: 50%"
            )

    def _repr_mimebundle_(self, **options):
        return self.box._repr_mimebundle_(**options)
