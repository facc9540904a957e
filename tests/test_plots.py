"""Figures: what is drawn, what is refused, and the label that travels with an exported picture."""

from aigc_utils import plots, provenance

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def random_bytes(count=5, side=4, channels=3):
    return np.random.default_rng(0).integers(0, 256, (count, side, side, channels), dtype=np.uint8)


def test_bytes_and_floats_are_the_same_picture():
    images = random_bytes()
    np.testing.assert_array_equal(plots.as_bytes(images / np.float32(127.5) - 1), images)
    assert plots.as_bytes(images) is images


def test_a_figure_is_described_by_its_titles_axes_marks_and_legend():
    figure, (left, right) = plt.subplots(1, 2)
    left.plot([1, 2, 3], label="ours")
    left.plot([3, 1], label="theirs")
    left.legend()
    left.set(title="Loss\nof both", xlabel="step", ylabel="bits")
    right.bar(["a", "b"], [1, 2])
    right.set_title("Counts.", loc="left")
    figure.suptitle("Two ways")
    assert plots.description(figure) == (
        "Two ways. Loss of both; 2 lines; x axis: step; y axis: bits; legend: ours, theirs. "
        "Counts.; 2 bars; x axis: a, b."
    )


def test_panels_that_read_alike_are_counted_and_a_colour_bar_is_no_panel():
    figure, panels = plt.subplots(1, 3)
    for axes in panels[:2]:
        shown = axes.imshow(np.eye(3))
    panels[2].set_visible(False)
    figure.colorbar(shown, label="level in dB")
    assert plots.description(figure) == "2 panels, each: 1 picture. colours: level in dB."


def test_a_picture_is_its_title_and_points_are_no_areas():
    figure, (shown, drawn) = plt.subplots(1, 2)
    shown.imshow(np.eye(3))
    shown.set(title="A kitten", xticks=[], yticks=[])
    drawn.scatter([1, 2, 3], [1, 2, 3])
    drawn.fill_between([1, 2], [1, 2], [2, 3])
    drawn.set_yticks(range(13), [f"row {k}" for k in range(13)])
    drawn.set_xscale("log")  # ticks with an exponent are no words
    rows = ", ".join(f"row {k}" for k in range(12))
    assert plots.description(figure) == f"A kitten. 1 area, 1 cloud of points; y axis: {rows} …."


def test_a_notebook_stores_the_description_of_a_figure_once_wrapped():
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.core.pylabtools import select_figure_formats

    shell = InteractiveShell.instance()
    try:
        select_figure_formats(shell, {"png"})
        plots.use_style()
        plots.use_style()  # a second call wraps no second time
        figure, axes = plt.subplots()
        axes.plot([1, 2])
        axes.set_title("A")
        data, more = shell.display_formatter.format(figure, include={"image/png"})
        assert more == {"image/png": {"alt": "A; 1 line."}} and data["image/png"]
    finally:
        InteractiveShell.clear_instance()


def test_grey_images_may_lack_the_last_axis():
    assert plots.as_bytes(np.zeros((2, 4, 5), np.uint8)).shape == (2, 4, 5, 1)
    assert plots.tile(np.zeros((2, 4, 5), np.uint8)).shape == (4, 11, 3)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (random_bytes().astype(np.float32), r"from 0 to 25\d; expected \[-1, 1\] or uint8"),
        (np.full((1, 4, 4, 3), 1.002), "expected"),
        (np.full((1, 4, 4, 3), np.nan), "diverged"),
        (random_bytes().astype(np.int64), "received images of int64"),
        (random_bytes()[0], r"shape \(4, 4, 3\).*image\[None\]"),
        (random_bytes(0), "n >= 1"),
        (random_bytes(channels=4), "expected"),
    ],
)
def test_wrong_images_are_refused_with_advice(images, words):
    with pytest.raises(ValueError, match=words):
        plots.image_grid(images)


def test_floats_in_0_to_1_are_warned_about():
    with pytest.warns(UserWarning, match="read as .-1, 1."):
        plots.tile(random_bytes() / 255.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: plots.tile(x, columns=0), "received columns = 0"),
        (lambda x: plots.tile(x, gap=-1), "received gap = -1"),
        (lambda x: plots.image_grid(x, columns=2.5), "received columns = 2.5"),
        (lambda x: plots.image_grid(x, columns=0, labels=list("abcde")), "received columns = 0"),
        (lambda x: plots.two_alternatives(x, x, columns=0), "received columns = 0"),
        (lambda x: plots.two_alternatives(x, x.astype(np.int64)), "received images of int64"),
        (lambda x: plots.image_rows({"a": x, "b": x[0]}), r"shape \(4, 4, 3\)"),
        (lambda x: plots.image_rows({"a": x.astype(float)}), r"from 0 to 25\d; expected"),
        (lambda x: plots.latent_line(np.ones(3), -np.ones(3), 4), "received opposite vectors"),
        (lambda x: plots.latent_line(np.zeros(3), np.ones(3), 4), "received opposite vectors, or zeros"),
        (lambda x: plots.latent_line(np.ones(3), np.full(3, np.nan), 4), "received end of shape"),
        (lambda x: plots.latent_walk(Flat(), steps=0), "received steps = 0"),
        (lambda x: plots.curves({"step": [1, 2], "loss": [1.0, 2.0, 3.0]}), "3 values of loss for 2 of step"),
        (lambda x: plots.curves({"loss": []}), "received 0 values of loss"),
        (lambda x: plots.regret({str(k): [[1.0]] for k in range(9)}), "received 9 curves; expected 1 to 8"),
        (lambda x: plots.regret({"split": [[1.0, np.nan]]}), "received split with NaN"),
        (lambda x: plots.regret({"split": [[1.0]]}, batch=0), "received batch = 0"),
    ],
)
def test_what_cannot_be_drawn_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call(random_bytes())


def test_tiles_lie_row_by_row_on_white():
    images = random_bytes(5)
    picture = plots.tile(images, columns=3)
    assert picture.shape == (9, 14, 3)
    np.testing.assert_array_equal(picture[5:9, 5:9], images[4])
    assert (picture[4] == 255).all() and (picture[5:, 10:] == 255).all()


def test_a_grid_has_its_title_and_labels():
    assert plots.image_grid(random_bytes(3), title="Three").axes[0].get_title("left") == "Three"
    figure = plots.image_grid(random_bytes(3), columns=2, labels=["a", "b", "c"], title="Three")
    assert [axes.get_title("center") for axes in figure.axes] == ["a", "b", "c", ""]
    assert figure.get_suptitle() == "Three"
    with pytest.raises(ValueError, match="2 labels for 3 images"):
        plots.image_grid(random_bytes(3), labels=["a", "b"])


def test_a_long_title_is_broken_into_lines():
    title = plots.image_grid(random_bytes(1), title="word " * 30).axes[0].get_title("left")
    assert "\n" in title and title.split() == ["word"] * 30


def test_rows_are_labelled_and_equally_large():
    figure = plots.image_rows({"all": random_bytes(5), "some": random_bytes(2)}, title="Rows")
    assert [axes.get_ylabel() for axes in figure.axes] == ["all", "some"]
    assert figure.axes[0].get_xlim() == figure.axes[1].get_xlim()
    with pytest.raises(ValueError, match="no rows"):
        plots.image_rows({})


@pytest.mark.parametrize("kind", [dict, pd.DataFrame])
def test_curves_have_axis_labels_and_values(kind):
    history = kind({"step": [10, 20], "loss": [2.0, 1.0], "score": [0.1, 0.2]})
    figure = plots.curves(history, panels={"loss (nats)": ["loss"], "score": ["score"]})
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss (nats)", "score"]
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_xydata(), [[10, 2], [20, 1]])
    assert len(plots.curves(history).axes[0].lines) == 2


def test_curves_count_from_one_and_name_what_is_missing():
    figure = plots.curves({"loss": [3.0, 2.0, 1.0]}, x="epoch")
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_xdata(), [1, 2, 3])
    assert figure.axes[0].get_xlabel() == "epoch"
    with pytest.raises(ValueError, match="history lacks los; it has loss"):
        plots.curves({"loss": [1.0]}, panels={"loss": ["los"]})


def test_the_latent_line_keeps_to_the_sphere():
    """Between two vectors at right angles: equal lengths, equal angles, the middle at 45°."""
    start, end = np.eye(2) * 3
    line = plots.latent_line(start, end, 5)
    np.testing.assert_allclose(np.linalg.norm(line, axis=1), 3, rtol=1e-6)
    np.testing.assert_allclose(line[[0, 2, 4]], [start, 3 * np.sqrt([0.5, 0.5]), end], atol=1e-6)
    np.testing.assert_allclose(np.degrees(np.arctan2(line[:, 1], line[:, 0])), [0, 22.5, 45, 67.5, 90], atol=1e-4)


def test_the_latent_line_between_equal_vectors_stays_there():
    start = np.array([3.0, 4.0], np.float32)
    np.testing.assert_allclose(plots.latent_line(start, start, 4), [start] * 4)
    np.testing.assert_allclose(plots.latent_line(start, 3 * start, 3), [start, 2 * start, 3 * start], rtol=1e-6)
    nearly = start + np.float32([1e-6, 0])
    assert np.isfinite(plots.latent_line(start, nearly, 4)).all()


class Flat:
    """A generator whose picture is one grey: the mean of the latent vector."""

    input_shape = (None, 6)

    def __call__(self, latent, training=True):
        assert latent.dtype == np.float32 and not training
        grey = np.tanh(latent.mean(axis=1))
        return np.broadcast_to(grey[:, None, None, None], (len(latent), 4, 4, 3))


def test_a_latent_walk_is_a_function_of_its_seed():
    pictures = [plots.latent_walk(Flat(), steps=3, rows=2, seed=s).axes[0].images[0].get_array() for s in (1, 1, 2)]
    assert pictures[0].shape == (9, 14, 3)
    np.testing.assert_array_equal(pictures[0], pictures[1])
    assert (pictures[0] != pictures[2]).any()


SAYS = provenance.Label("kittens – naïve", "tests", prompt="seed 5")


def test_an_exported_grid_says_that_it_was_generated(tmp_path):
    images = random_bytes(6, 32)
    path = plots.save_image_grid(images, tmp_path / "cats.png", SAYS, columns=3, mark=False)
    found = provenance.read(path)
    assert found.iptc["AISystemUsed"] == "kittens – naïve" and found.aigc["ContentProducer"] == "tests"
    assert found.iptc["DigitalSourceType"].endswith("/trainedAlgorithmicMedia") and found.mark is False
    with Image.open(path) as picture:
        np.testing.assert_array_equal(np.asarray(picture), plots.tile(images, 3))
    assert provenance.read(plots.save_image_grid(images, path, SAYS, columns=3)).mark
    assert list(tmp_path.iterdir()) == [path]


def test_an_exported_grid_can_be_read_by_whoever_may_read_other_files(tmp_path):
    (tmp_path / "usual").write_bytes(b"")
    path = plots.save_image_grid(random_bytes(6, 32), tmp_path / "cats.png", SAYS)
    assert path.stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(provenance.LabelError, match="Choose a folder"):
        plots.save_image_grid(random_bytes(6, 32), tmp_path / "nowhere" / "cats.png", SAYS)


def test_the_style_is_colour_blind_safe():
    with plt.rc_context():
        plots.use_style()
        assert plt.rcParams["axes.prop_cycle"].by_key()["color"] == list(plots.COLOURS)


def test_pairs_stand_on_the_sides_that_the_seed_decides():
    real, generated = np.zeros((20, 4, 4, 3), np.uint8), np.full((20, 4, 4, 3), 200, np.uint8)
    pictures, sides = plots.pairs(real, generated, seed=3), plots.hidden_sides(20, seed=3)
    assert pictures.shape == (20, 4, 10, 3) and 0 < sides.sum() < 20
    assert ((pictures[:, 0, 0, 0] == 0) == sides).all() and ((pictures[:, 0, -1, 0] == 200) == sides).all()
    assert (plots.hidden_sides(5, seed=3) == sides[:5]).all()


def test_the_static_test_hides_its_answers_until_asked():
    real, generated = random_bytes(5), random_bytes(5)
    hidden, open_ = (plots.two_alternatives(real, generated, reveal=reveal) for reveal in (False, True))
    titles = [[panel.get_title() for panel in figure.axes if panel.images] for figure in (hidden, open_)]
    assert titles[0] == [f"pair {n}" for n in range(1, 6)]
    assert titles[1] == [
        f"{n}: {('left', 'right')[side]} is generated" for n, side in enumerate(plots.hidden_sides(5), 1)
    ]
    with pytest.raises(ValueError, match="as many, of one shape"):
        plots.two_alternatives(real, generated[:2])


def test_a_tornado_has_a_bar_for_each_end_and_names_them():
    columns = ["name", "unit", "low", "high", "result_low", "result_high", "swing"]
    table = pd.DataFrame(
        [("a_price", "EUR", 1.0, 3.0, -2.0, 4.0, 6.0), ("pieces", "a year", 5, 7, 1, 0, 1)], columns=columns
    )
    axes = plots.tornado(table, 0.5, "What drives it", "result, EUR").axes[0]
    bars = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches]
    assert [round(end, 6) for _, end in bars] == [-2.0, 4.0, 1.0, 0.0]
    assert {start for start, _ in bars} == {0.5}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a price, EUR", "pieces, a year"]
    assert axes.get_xlabel() == "result, EUR"
    for wrong, words in ((table.iloc[[0, 0]], "the rows a_price, a_price"), (table.iloc[:0], "the rows none")):
        with pytest.raises(ValueError, match=f"received {words}; expected one or more, no name twice"):
            plots.tornado(wrong, 0.5)


def test_regret_is_drawn_over_visitors_and_named_at_its_end():
    axes = plots.regret({"split": np.array([[1.0, 2.0], [3.0, 4.0]])}, batch=10).axes[0]
    assert axes.lines[0].get_xydata().tolist() == [[10, 2], [20, 3]]
    assert axes.texts[0].get_text() == "split"
    with pytest.raises(ValueError, match="no curves"):
        plots.regret({})
