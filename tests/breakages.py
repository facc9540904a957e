"""Plausible bugs, each of which a claim must notice.

``BREAKAGES[notebook]`` lists `Break`s, edits of a numbered formula by AST, and `Bug`s, anything else that could go
wrong, for any cell tagged ``claim``. `claim_runs` applies them; CONTRIBUTING.md says how to write one.
"""

import ast
import dataclasses


@dataclasses.dataclass(frozen=True)
class Break:
    """One edit: ``where`` is the function or variable whose definition is changed, ``index`` which place in it.

    ``kind`` "sign": the index-th + or − (between two terms or before one) becomes the other; "factor": the index-th
    number is doubled; "scale": the index-th returned (or assigned) value is doubled; "swap": the first two arguments
    of the index-th call change places, or, with index None, the function's own first two parameters.
    """

    where: str
    kind: str
    index: int | None
    equation: int
    given: str = dataclasses.field(default="", init=False)

    @property
    def label(self):
        """Return a short name, unique within a notebook."""
        return f"{self.where}-{self.kind}-{self.index}"


@dataclasses.dataclass(frozen=True)
class Bug:
    """One plausible bug of the claim cell that holds the words ``claim`` (no other claim cell of the notebook does).

    Either ``old`` (text found once in the cells that the claim depends on, or in the claim outside its asserts) becomes
    ``new``, or the function ``patch``, such as "metrics.frechet_distance", is replaced by the expression ``new``, in
    which ``original`` is the function itself. ``given`` is source that takes the place of expensive cells: what it
    defines is not computed. The claim must hold with ``given`` alone, and fail with the bug.
    """

    claim: str
    name: str
    new: str
    old: str = ""
    patch: str = ""
    given: str = ""

    @property
    def label(self):
        """Return the bug's name."""
        return self.name


def broken(source, edit):
    """Return a cell's source with one edit applied; a place that is not there is an error."""
    if isinstance(edit, Bug):
        return source.replace(edit.old, edit.new)
    tree = ast.parse(source)
    definition = next(node for node in ast.walk(tree) if edit.where in names_defined(node))
    {"sign": _sign, "factor": _factor, "scale": _scale, "swap": _swap}[edit.kind](definition, edit.index)
    return ast.unparse(ast.fix_missing_locations(tree))


def names_defined(node):
    """Return the names that one statement defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    if isinstance(node, ast.stmt):
        return {name.id for name in ast.walk(node) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)}
    return set()


def _in_order(definition, kinds):
    found = [node for node in ast.walk(definition) if isinstance(node, kinds)]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset, -node.end_lineno, -node.end_col_offset))


def _sign(definition, index):
    signs = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.USub: ast.UAdd, ast.UAdd: ast.USub}
    places = _in_order(definition, ast.BinOp | ast.UnaryOp | ast.AugAssign)
    place = [node for node in places if type(node.op) in signs][index]
    place.op = signs[type(place.op)]()


def _factor(definition, index):
    numbers = _in_order(definition, ast.Constant)
    number = [node for node in numbers if type(node.value) in (int, float) and node.value][index]
    number.value *= 2


def _scale(definition, index):
    place = _in_order(definition, ast.Return | ast.Assign)[index]
    place.value = ast.BinOp(ast.Constant(2.0), ast.Mult(), place.value)


def _swap(definition, index):
    if index is None:
        first, second, *_ = definition.args.args
        first.arg, second.arg = second.arg, first.arg
    else:
        call = [node for node in _in_order(definition, ast.Call) if len(node.args) > 1][index]
        call.args[:2] = call.args[1::-1]


BREAKAGES = {
    "02_gan_math": [
        Break("best_discriminator", "swap", None, 1),
        Break("best_discriminator", "sign", 0, 1),
        Break("kl", "swap", None, 2),
        Break("jsd", "scale", 1, 2),
        Break("exchanged_value", "swap", None, 4),
        Break("total_variation", "factor", 1, 5),
        Break("linear_gradient", "sign", 0, 6),
        Break("saturating_slope", "sign", 0, 7),
        Break("non_saturating_slope", "sign", 0, 7),
        Break("flow", "sign", 3, 8),
        Break("eigenvalues", "sign", 0, 9),
        Break("grown", "factor", 0, 10),
        Break("jsd_of_shift", "scale", 0, 11),
        Break("penalty_of_linear", "sign", 0, 12),
        Break("largest_singular_value", "scale", 3, 13),
    ],
    "03_vae": [
        Break("elbo", "sign", 0, 1),
        Break("elbo", "factor", 2, 2),
        Break("gaussian_divergence", "swap", None, 2),
        Break("gaussian_kl", "sign", 0, 3),
        Break("gaussian_kl", "factor", 0, 3),
        Break("gradient_samples", "factor", 0, 4),
        Break("gradient_variances", "sign", 0, 5),
        Break("gap_of", "sign", 2, 6),
        Break("importance_bound", "sign", 0, 7),
    ],
    "05_evaluating_and_tuning": [
        Break("line_distance", "sign", 1, 1),
        Break("line_distance", "factor", 1, 1),
        Break("frechet_distance", "factor", 1, 2),
        Break("frechet_distance", "sign", 3, 2),
        Break("gaussian_moments", "factor", 3, 3),
        Break("cubic_distance", "factor", 2, 3),
        Break("frechet_bias", "sign", 0, 4),
        Break("frechet_bias", "factor", 1, 4),
        Break("expected_coverage", "sign", 3, 5),
        Break("expected_coverage", "swap", None, 5),
        Break("precedence", "sign", 0, 6),
        Break("precedence", "swap", 1, 6),
        Break("clopper_pearson", "sign", 1, 7),
        Break("flattery_of_two", "scale", 0, 8),
        Break("mixture_moments", "sign", 1, 9),
        Break("mixture_moments", "scale", 1, 9),
        Break("regression_direction", "scale", 0, 10),
        Break("mean_gradient", "scale", 0, 10),
    ],
    "06_flow_matching": [
        Break("interpolate", "sign", 2, 1),
        Break("loss_with_offset", "sign", 0, 2),
        Break("rest_of_the_way", "sign", 0, 3),
        Break("end_of_coin", "factor", 1, 4),
        Break("flux", "scale", 0, 5),
        Break("heun_step", "factor", 0, 6),
        Break("exact_way", "sign", 2, 7),
        Break("data_and_noise", "sign", 2, 8),
        Break("noise_loss", "factor", 0, 9),
        Break("straight_clock", "sign", 0, 10),
        Break("pull_of_classifier", "sign", 0, 11),
    ],
    "07_text": [
        Break("bits_per_character", "sign", 0, 1),
        Break("witten_bell", "sign", 0, 2),
        Break("witten_bell", "swap", None, 2),
        Break("added_bits", "sign", 0, 3),
        Break("added_bits", "factor", 0, 3),
        Break("attend", "swap", None, 4),
        Break("attend", "scale", 0, 4),
        Break("variance_of_score", "scale", 0, 5),
        Break("surprise_gradient", "sign", 0, 6),
        Break("tempered", "factor", 0, 7),
        Break("nucleus", "sign", 1, 8),
        Break("places_without_cache", "sign", 0, 9),
        Break("next_token_loss", "scale", 1, 10),
        Break("words_changed", "sign", 0, 11),
    ],
    "12_case_advertising": [
        Break("cost_of_picture", "sign", 0, 1),
        Break("break_even", "sign", 0, 2),
        Break("break_even", "swap", None, 2),
        Break("luminance", "factor", 4, 3),
        Break("contrast", "factor", 1, 3),
        Break("right_among_passed", "swap", None, 4),
        Break("right_among_passed", "sign", 1, 4),
        Break("visitors_needed", "factor", 1, 5),
        Break("visitors_needed", "scale", 2, 5),
        Break("wilson", "sign", 0, 6),
        Break("newcombe", "swap", None, 6),
        Break("newcombe", "sign", 5, 6),
        Break("correlation", "swap", None, 7),
        Break("spent_by", "factor", 2, 8),
        Break("chance_to_be_better", "sign", 1, 9),
        Break("regret_of_split", "sign", 0, 10),
        Break("net_present_value", "sign", 1, 11),
        Break("net_present_value", "factor", 1, 11),
    ],
    "14_case_medicine": [
        Break("cost_of_requests", "sign", 0, 1),
        Break("cost_of_requests", "scale", 0, 1),
        Break("normal_scores", "factor", 1, 2),
        Break("normal_scores", "sign", 0, 2),
        Break("rank_correlation", "factor", 0, 3),
        Break("rank_correlation", "scale", 0, 3),
        Break("log_likelihood", "sign", 2, 4),
        Break("log_likelihood", "factor", 0, 4),
        Break("auc_by_hand", "swap", None, 5),
        Break("auc_by_hand", "factor", 0, 5),
        Break("auc_interval", "scale", 2, 6),
        Break("best_guess", "swap", None, 7),
        Break("best_guess", "factor", 0, 7),
        Break("passes_by_chance", "factor", 0, 8),
        Break("saving", "sign", 0, 9),
        Break("saving", "sign", 3, 9),
    ],
}
