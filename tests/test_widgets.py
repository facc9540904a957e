"""Widgets without a browser: what their values do to their pictures."""

import io

from aigc_utils import widgets
from aigc_utils.runtime import keras

import ipywidgets
import numpy as np
import pytest
from PIL import Image

PICTURES = np.arange(3, dtype=np.uint8).repeat(4 * 4 * 3).reshape(3, 4, 4, 3) * 100


def shown(image_widget):
    return np.asarray(Image.open(io.BytesIO(image_widget.value)))


class Echo:
    """A generator of flat pictures that remembers the latent vectors it was given."""

    input_shape = (None, 16)

    def __init__(self):
        self.seen = []

    def predict_on_batch(self, latent):
        self.seen.append(latent[0])
        return np.broadcast_to(np.tanh(latent[:, :1, None, None]), (len(latent), 32, 32, 3))


def test_the_explorer_walks_a_circle_of_typical_latent_vectors():
    generator = Echo()
    picture, angle, radius = widgets.latent_explorer(generator, seed=3).children
    assert shown(picture).shape == (256, 256, 3)
    before = picture.value
    angle.value = 90
    assert picture.value != before
    angle.value = 360
    start, quarter, full = generator.seen
    np.testing.assert_allclose(full, start, atol=1e-5)
    assert abs(start @ quarter) < 1e-4
    np.testing.assert_allclose(np.linalg.norm(start), 4, rtol=1e-5)  # √16, the usual length of 16 normal numbers
    radius.value = 0
    np.testing.assert_allclose(generator.seen[-1], 0, atol=1e-6)


def test_the_explorer_is_a_function_of_its_seed():
    first, again, other = (widgets.latent_explorer(Echo(), seed).children[0].value for seed in (1, 1, 2))
    assert first == again != other


def test_a_slider_shows_what_a_call_of_the_generator_gives():
    """The compiled path: the same picture within 1e-6, also after the weights have changed."""
    inputs = keras.Input((6,))
    hidden = keras.layers.BatchNormalization()(keras.layers.Dense(12)(inputs))
    generator = keras.Model(inputs, keras.layers.Reshape((2, 2, 3))(keras.layers.Activation("tanh")(hidden)))
    latent = np.random.default_rng(0).normal(size=(1, 6)).astype(np.float32)
    for _ in range(2):
        np.testing.assert_allclose(generator.predict_on_batch(latent), generator(latent, training=False), atol=1e-6)
        picture, angle, _ = widgets.latent_explorer(generator).children
        traces = generator.predict_function
        before = picture.value
        angle.value = 90
        assert picture.value != before and generator.predict_function is traces  # compiled when the widget was built
        generator.set_weights([weight + 0.1 for weight in generator.get_weights()])


@pytest.mark.parametrize("shape", [[(None, 6), (None, 1)], (None, 4, 4, 3), (None, 1)])
def test_the_explorer_refuses_models_of_other_inputs(shape):
    generator = Echo()
    generator.input_shape = shape
    with pytest.raises(ValueError, match=r"expected \(None, latent_dim >= 2\)"):
        widgets.latent_explorer(generator)


def test_the_explorer_has_sliders_for_mouse_and_keys():
    sliders = widgets.latent_explorer(Echo()).children[1:]
    assert all(isinstance(slider, ipywidgets.FloatSlider) for slider in sliders)
    assert all(slider.continuous_update for slider in sliders)


def test_a_live_grid_changes_in_place():
    live = widgets.LiveGrid(columns=2)
    box = live.box
    live.update(PICTURES, "step 100")
    assert live.box is box and live.caption.value == "step 100"
    assert shown(live.picture)[0, 0].tolist() == [0, 0, 0]
    live.update(PICTURES[::-1] / 127.5 - 1, "step 200")
    assert shown(live.picture)[0, 0].tolist() == [200, 200, 200]
    assert "application/vnd.jupyter.widget-view+json" in live._repr_mimebundle_()


def test_labels_can_be_given_in_code():
    labelling = widgets.ImageLabeller(PICTURES, ("cat", "dog"))
    labelling.label(1, "dog")
    assert labelling.labels == {1: "dog"} and labelling.current == 0
    labelling.label(0, "cat")
    assert shown(labelling.picture)[0, 0].tolist() == [200, 200, 200]
    labelling.label(2, "cat")
    assert labelling.current is None and labelling.caption.value == "3 of 3 labelled: done"


def test_labels_can_be_given_by_buttons_and_taken_back():
    labelling = widgets.ImageLabeller(PICTURES, ("cat", "dog"))
    cat, dog, undo = labelling.box.children[1].children
    cat.click()
    dog.click()
    assert labelling.labels == {0: "cat", 1: "dog"}
    undo.click()
    assert labelling.labels == {0: "cat"} and labelling.current == 1
    for _ in range(5):  # clicks beyond the last picture change nothing
        dog.click()
    assert labelling.labels == {0: "cat", 1: "dog", 2: "dog"}
    for _ in range(5):
        undo.click()
    assert labelling.labels == {} and labelling.current == 0


def test_a_changed_label_is_the_one_that_undo_takes_back():
    labelling = widgets.ImageLabeller(PICTURES, ("cat", "dog"))
    for index, name in ((0, "cat"), (1, "cat"), (0, "dog")):
        labelling.label(index, name)
    assert labelling.labels == {0: "dog", 1: "cat"}
    labelling.undo()
    assert labelling.labels == {1: "cat"}


@pytest.mark.parametrize(("index", "name"), [(0, "bird"), (3, "cat"), (-1, "cat")])
def test_a_wrong_label_is_refused(index, name):
    with pytest.raises(ValueError, match=f"'{name}' for picture {index}; expected one of cat, dog for a picture from"):
        widgets.ImageLabeller(PICTURES, ("cat", "dog")).label(index, name)


def test_labelling_needs_images_and_a_choice():
    with pytest.raises(ValueError, match="two different classes"):
        widgets.ImageLabeller(PICTURES, ("cat", "cat"))


def draw_line(slope=1.0, points=2):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(2, 1))
    axes.plot(np.arange(points), slope * np.arange(points))
    axes.set_ylim(0, 10)
    return figure


def test_a_figure_follows_its_controls_and_stays_alone():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()  # another test of this process may have left some
    box = widgets.figure_explorer(draw_line, slope=(0.0, 3.0, 0.5), points=ipywidgets.IntSlider(2, 2, 9))
    picture, slope, points = box.children
    assert (slope.value, slope.max, slope.step, slope.description) == (1.0, 3.0, 0.5, "slope")
    first = picture.value
    slope.value = 2.0
    assert picture.value != first
    slope.value = 1.0
    assert picture.value == first
    points.value = 5
    assert picture.value != first
    assert plt.get_fignums() == before


def test_unknown_controls_are_named():
    with pytest.raises(ValueError, match="received the controls height; expected some of slope, points"):
        widgets.figure_explorer(draw_line, height=(0, 1))
    with pytest.raises(ValueError, match="received the controls none"):
        widgets.figure_explorer(draw_line)
    with pytest.raises(ValueError, match="nothing returned int; expected a matplotlib Figure"):

        def nothing(size=1):
            return size

        widgets.figure_explorer(nothing, size=(1, 3))
    with pytest.raises(ValueError, match="received columns = 0"):
        widgets.LiveGrid(columns=0)
    with pytest.raises(ValueError, match="received images of int64"):
        widgets.ImageLabeller(PICTURES.astype(np.int64), ("cat", "dog"))


def test_a_person_is_asked_without_being_told():
    trial = widgets.TwoAlternativeTest(PICTURES, PICTURES[::-1], seed=1)
    assert shown(trial.picture).shape == (256, (4 + 2 + 4) * 64, 3)
    left, right = trial.box.children[1].children
    for side, button in ((0, left), (1, right)):
        button.click()
        assert trial.answers[-1] == side
        assert "right" not in trial.caption.value
    trial.answer(0)
    for _ in range(3):  # clicks after the last pair change nothing
        left.click()
    assert trial.answers == [0, 1, 0]
    assert trial.correct == sum(a == s for a, s in zip(trial.answers, trial.sides, strict=True))
    assert "of 3 right" in trial.caption.value


def test_all_right_and_all_wrong_have_the_intervals_of_the_closed_form():
    """Clopper and Pearson: with n of n right the lower end is (α/2)^(1/n), the upper one 1."""
    real, generated = np.zeros((10, 4, 4, 3), np.uint8), np.full((10, 4, 4, 3), 255, np.uint8)
    right, wrong = (widgets.TwoAlternativeTest(real, generated, seed=4) for _ in range(2))
    for picture, side in zip(right.pictures, right.sides, strict=True):
        assert picture[0, -1 if side else 0, 0] == 255  # the side names the generated one
        right.answer(side)
        wrong.answer(1 - side)
    assert right.correct == 10 and wrong.correct == 0
    assert right.interval() == pytest.approx((0.025**0.1, 1))
    assert wrong.interval(0.9) == pytest.approx((0, 1 - 0.05**0.1))
    with pytest.raises(ValueError, match="received confidence = 95"):
        right.interval(95)


def test_a_test_of_a_person_refuses_nonsense():
    with pytest.raises(ValueError, match="as many, of one shape"):
        widgets.TwoAlternativeTest(PICTURES, PICTURES[:2])
    trial = widgets.TwoAlternativeTest(PICTURES[:1], PICTURES[:1])
    with pytest.raises(ValueError, match="no answers yet"):
        trial.interval()
    with pytest.raises(ValueError, match="side 2 for pair 1 of 1"):
        trial.answer(2)
    trial.answer(1)
    with pytest.raises(ValueError, match="once for each pair"):
        trial.answer(1)
