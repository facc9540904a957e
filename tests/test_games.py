"""The levels, the judge and the rivals of benchmarks/games.py, on levels small enough to solve by hand."""

from benchmarks import games, games_model

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

CORRIDOR = "#######\n#@ $ .#\n#######"
TURN = """
 ####
##  #
# $ #
#@#.#
#####
"""
BY_HAND = [  # a level, its fewest pushes
    (CORRIDOR, 2),
    ("#######\n#.$ @ #\n#######", 1),
    ("#####\n#.$@#\n#####", 1),
    ("#####\n#*@ #\n#####", 0),
    ("######\n#    #\n# $@.#\n#    #\n######", 2),
    ("#######\n#  .  #\n# $@$ #\n#  .  #\n#######", None),
    ("######\n#@   #\n# $$ #\n# .. #\n######", 2),
    ("#####\n#.@ #\n#$$ #\n#. ##\n#####", None),
]


@pytest.mark.parametrize(("text", "pushes"), [case for case in BY_HAND if case[1] is not None])
def test_the_fewest_pushes_are_those_counted_by_hand(text, pushes):
    level = games.parse(text)
    found = games.solve(level)
    assert found.pushes == pushes == sum(move.isupper() for move in found.moves)
    assert games.replay(level, found.moves)[-1].solved


UNSOLVABLE = {
    "a box in a corner": "#####\n#$  #\n# @.#\n#####",
    "a box along a wall without a goal": "######\n# $  #\n#@   #\n#   .#\n######",
    "two boxes that freeze each other": "######\n# $$ #\n#@   #\n# .. #\n######",
    "a box nobody reaches": "########\n#@ # $ #\n#. #   #\n########",
    "a corridor the player is locked out of": "#######\n#.@$  #\n#######",
    "two boxes in a row": "########\n#@$$ ..#\n########",
}


@pytest.mark.parametrize("text", UNSOLVABLE.values(), ids=UNSOLVABLE)
def test_what_has_no_solution_is_proved_to_have_none(text):
    assert games.solve(games.parse(text)).reason == "none"


def test_a_box_on_a_goal_behind_walls_does_not_matter():
    level = games.parse("##########\n#@ $ . #*#\n##########")
    found = games.solve(level)
    assert found.pushes == 2 and games.replay(level, found.moves)[-1].solved


def test_the_judge_says_where_it_stopped():
    wide = "########\n#@     #\n# $$$  #\n#      #\n# ...  #\n#      #\n########"
    assert games.solve(games.parse(wide), 5).reason == "limit"
    assert games.solve(games.parse(wide)).pushes == 6


def plain_pushes(level):
    """Return the fewest pushes by search over single steps, or None: nothing is cut off, nothing estimated."""
    costs, edge = {(level.boxes, level.player): 0}, [level]
    while edge:
        after = []
        for one in edge:
            for name in games.DIRECTIONS:
                new = games.step(one, name)
                pushes = costs[one.boxes, one.player] + (new.boxes != one.boxes)
                if costs.get((new.boxes, new.player), 10**9) > pushes:
                    costs[new.boxes, new.player] = pushes
                    after.append(new)
        edge = after
    return min((pushes for (boxes, _), pushes in costs.items() if boxes == level.goals), default=None)


@st.composite
def small_levels(draw, rows=4, columns=4):
    """Draw a level of two boxes in a small walled room: five tiles at least are free."""
    order = draw(st.permutations(range(rows * columns)))
    inside = np.full(rows * columns, games.FLOOR, np.uint8)
    inside[order[0]], inside[list(order[1:3])], inside[list(order[3:5])] = games.PLAYER, games.BOX, games.GOAL
    inside[list(order[5 : 5 + draw(st.integers(0, 5))])] = games.WALL
    return games.level_of(np.pad(inside.reshape(rows, columns), 1))


@settings(max_examples=60, deadline=None)
@given(small_levels())
def test_the_judge_agrees_with_a_search_that_cuts_nothing_off(level):
    found, pushes = games.solve(level), plain_pushes(level)
    if pushes is None:
        assert found.reason == "none"
    else:
        assert found.pushes == pushes and games.replay(level, found.moves)[-1].solved


@settings(max_examples=60, deadline=None)
@given(small_levels(), st.sampled_from([0.0, 0.5]))
def test_a_search_backwards_solves_what_can_be_solved_and_nothing_else(level, past):
    found, pushes = games.solve_backwards(level, past=past), plain_pushes(level)
    if pushes is None:
        assert found.reason == "none"
    else:
        assert games.replay(level, found.moves)[-1].solved and found.pushes >= pushes
        assert found.pushes == sum(move.isupper() for move in found.moves)


@settings(max_examples=60, deadline=None)
@given(small_levels())
def test_no_sequence_of_pushes_is_shorter_than_the_cheapest_assignment(level):
    floor = games.board_of(level).floor
    if not (level.boxes ^ level.goals) & ~floor and (pushes := plain_pushes(level)) is not None:
        assert games.farther(level, floor, level.boxes & floor)(level.goals & floor) <= pushes


def test_the_cheapest_assignment_is_not_the_sum_of_the_nearest():
    level = games.parse("##########\n#@       #\n# $ $  .##\n#     . ##\n##########")
    far = games.farther(level, games.board_of(level).floor, level.boxes)
    starts = games.pushed_from(1 << 22, level, games.board_of(level).floor)  # row 2, column 2: up, left, right free
    assert starts[1 << 22] == 0 and starts[1 << 27] == 5 and starts[1 << 36] == 5
    assert far(level.boxes) == 0 and far(level.goals) == 3 + 5
    assert far(1 << 22 | 1 << 23) == 1 and far(1 << 22 | 1 << 20) is None  # nothing is pushed into a wall


def test_a_search_backwards_leaves_alone_what_nobody_reaches_and_says_where_it_stopped():
    level = games.parse("##########\n#@ $ . #*#\n##########")
    found = games.solve_backwards(level)
    assert found.pushes == 2 and games.replay(level, found.moves)[-1].solved
    assert games.solve_backwards(games.parse(UNSOLVABLE["a box nobody reaches"])).reason == "none"
    wide = games.parse("########\n#@     #\n# $$$  #\n#      #\n# ...  #\n#      #\n########")
    assert games.solve_backwards(wide, 3).reason == "limit"


def test_what_the_judge_leaves_open_goes_to_the_searches_backwards():
    level = games.parse("########\n#@     #\n# $$$  #\n#      #\n# ...  #\n#      #\n########")
    found, looked, search = games_model.tried(level, 1000)
    assert (search, found.pushes) == ("A*", 6) and looked == found.states
    found, looked, search = games_model.tried(level, 10)
    assert search in ("greedy", "weighted", "none") and looked > 6


@settings(max_examples=25, deadline=None)
@given(small_levels(), st.integers(0, 3), st.booleans())
def test_turning_or_mirroring_a_level_changes_nothing(level, turns, mirror):
    tiles = np.rot90(games.as_tiles(level), turns)
    other = games.level_of(tiles[:, ::-1] if mirror else tiles)
    assert getattr(games.solve(other), "pushes", None) == getattr(games.solve(level), "pushes", None)


@settings(max_examples=25, deadline=None)
@given(small_levels())
def test_text_and_tiles_come_back(level):
    assert games.parse(games.render(level)) == level
    assert games.level_of(games.as_tiles(level)) == level


BAD = {
    "": "without a tile",
    " \n \n": "without a tile",
    "####\n#  #\n####": "0 players",
    "#####\n#@@$.#\n#####": "2 players",
    "#####\n#@$ #\n#####": "1 boxes and 0 goals",
    "#####\n#@  #\n#####": "0 boxes and 0 goals",
    "#####\n#@$. \n#####": "walk out",
    "####\n#@$.#\n#####": None,
    "######\n#@$.\n######": "walk out",
    "#####\n#@x.#\n#####": "'x'",
    "#####\n#@\t$.#\n#####": r"'\t'",
}


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_level_is_refused_by_a_sentence(text):
    if BAD[text] is None:
        assert games.parse(text).height == 3  # lines of different lengths are fine where the walls are closed
        return
    with pytest.raises(ValueError, match="expected|close") as caught:
        games.parse(text)
    assert BAD[text] in str(caught.value)


def test_no_text_is_refused():
    with pytest.raises(ValueError, match="expected lines"):
        games.parse(None)


def test_line_ends_of_windows_and_blank_lines_around_change_nothing():
    assert games.parse(TURN) == games.parse(TURN.replace("\n", "\r\n")) == games.parse(TURN.strip("\n"))


def test_moves_with_repeats_are_written_out():
    assert games.unpacked("ru3l2(dl)u") == "rullldldlu"
    assert games.unpacked("12u") == "u" * 12 and games.unpacked("2(3(d)l)") == "dddldddl"


def test_a_game_counts_pushes_and_takes_them_back():
    game = games.Game(games.parse(CORRIDOR))
    assert [game.move(way) for way in "uRrrr"] == [False, True, True, True, False]
    assert game.moves == "rRR" and game.level.solved
    assert game.undo() and game.moves == "rR" and not game.level.solved
    assert game.undo() and game.undo() and not game.undo()
    assert game.level == games.parse(CORRIDOR)
    with pytest.raises(ValueError, match="expected one of u, d, l, r"):
        game.move("x")


def test_a_blocked_move_is_named():
    with pytest.raises(ValueError, match="move 2, 'u'"):
        games.replay(games.parse(CORRIDOR), "ru")


def test_a_picture_has_a_drawing_for_every_tile():
    tiles = np.arange(7, dtype=np.uint8)[None]
    shown = games.picture(tiles, 16)
    assert shown.shape == (16, 112, 3) and shown.dtype == np.uint8
    drawings = {shown[:, 16 * k : 16 * k + 16].tobytes() for k in range(7)}
    assert len(drawings) == 7 and np.array_equal(shown[:, :16], np.broadcast_to(games.COLOURS["wall"], (16, 16, 3)))


# --- rivals -----------------------------------------------------------------------------------------------------------

ROOM = "########\n#      #\n#  #   #\n#      #\n#   @  #\n########"


def floor_of(text):
    """Return text as tiles, as they are."""
    return games.tiles_of(text)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3), st.sampled_from([1, 8]))
def test_reverse_play_makes_levels_that_the_judge_solves(seed, boxes, beam):
    rng = np.random.default_rng(seed)
    tiles = games.reverse_play(games.room(7, 7, rng), boxes, rng, beam, 12)
    if tiles is not None:
        level = games.level_of(tiles)
        found = games.solve(level)
        assert level.boxes.bit_count() == boxes and 0 < found.pushes <= 12 and not level.solved


def test_far_reverse_play_finds_the_farthest_start_of_a_small_room():
    tiles = games.reverse_play(floor_of("#######\n#@    #\n#######"), 1, np.random.default_rng(3), 50, 50)
    found = games.solve(games.level_of(tiles))
    goal = int(np.argwhere(np.isin(tiles, games.GOALS))[0, 1])
    assert found.pushes == max(goal - 2, 4 - goal)  # the player needs a tile behind the box


def test_the_longest_of_some_levels_is_kept():
    easy, hard = floor_of("######\n#@$. #\n######"), floor_of(CORRIDOR)
    broken = floor_of(UNSOLVABLE["a box in a corner"])
    assert games.longest_of([easy, None, hard, broken]) is hard and games.longest_of([hard, easy]) is hard
    assert games.longest_of([broken, easy]) is easy and games.longest_of([None, None]) is None


def test_where_nothing_can_be_pulled_there_is_no_level():
    assert games.reverse_play(floor_of("####\n#@ #\n####"), 1, np.random.default_rng(0)) is None
    assert games.reverse_play(floor_of("#####\n#@  #\n#####"), 3, np.random.default_rng(0)) is None
    assert games.furnished(floor_of("#####\n#@  #\n#####"), 2, np.random.default_rng(0)) is None


def test_forward_rivals_keep_what_they_promise_to_keep():
    level, rng = games.parse(TURN), np.random.default_rng(0)
    other = games.shuffled(games.canonical(level), rng)
    assert sorted(other.ravel()) == sorted(games.as_tiles(games.canonical(level)).ravel())
    assert (other[[0, -1]] == games.WALL).all() and (other[:, [0, -1]] == games.WALL).all()
    for boxes in (1, 2, 3) * 5:
        live = games.furnished(floor_of("########\n#@     #\n#      #\n#      #\n########"), boxes, rng, alive=True)
        assert live is None or (not games.faults(live) and not games.misplaced(live))
    placed = games.furnished(floor_of(ROOM), 3, rng)
    assert np.array_equal(placed == games.WALL, floor_of(ROOM) == games.WALL) and not games.faults(placed)


def test_boxes_that_are_set_free_are_neither_dead_nor_frozen():
    tiles, rng = floor_of("########\n#@$  ..#\n# $    #\n#      #\n########"), np.random.default_rng(0)
    found = [(same, games.set_free(tiles, 2, rng, same_goals=same)) for same in (False, True) * 20]
    found = [(same, other) for same, other in found if other is not None]
    assert {same for same, _ in found} == {False, True}
    for same, other in found:
        drawn = games.level_of(other)
        assert not games.misplaced(other) and not drawn.boxes & drawn.goals
        assert not games.frozen(games.board_of(drawn), drawn.boxes)
        assert np.array_equal(other == games.WALL, tiles == games.WALL)
        assert not same or drawn.goals == games.level_of(tiles).goals
    assert games.set_free(floor_of("####\n#@ #\n####"), 2, rng) is None
    assert games.set_free(floor_of("######\n#@ $.#\n######"), 1, rng, same_goals=True, tries=60) is not None
    corners = floor_of("#####\n#@$.#\n#####")  # a box beside the goal has the player or nobody behind it
    assert games.set_free(corners, 2, rng) is None


def test_frozen_boxes_on_goals_do_no_harm():
    level = games.parse("######\n# $$ #\n#@   #\n# .. #\n######")
    assert games.frozen(games.board_of(level), level.boxes) == level.boxes
    home = games.parse("######\n# ** #\n#@   #\n#    #\n######")
    assert games.frozen(games.board_of(home), home.boxes) == 0


def test_a_canonical_level_has_one_ring_of_wall_and_nothing_out_of_reach():
    level = games.parse("##########\n##########\n##@ $ .#*#\n##########\n#  #######\n##########")
    assert games.render(games.canonical(level)) == "#######\n#@ $ .#\n#######"


@pytest.mark.parametrize(
    ("missing", "left", "expected"),
    [
        ((1, 1, 1), 3, "# .$*@+"),
        ((1, 1, 1), 2, "$*@+"),  # after a lone goal the player and the box would need two places
        ((1, 0, 0), 1, "@"),
        ((0, 0, 0), 9, "# "),
        ((0, 1, 1), 1, "*"),
    ],
)
def test_constrained_drawing_leaves_only_what_can_still_be_right(missing, left, expected):
    assert "".join(np.array(list(games.TILES))[games.allowed([missing], left)[0]]) == expected


def test_a_constrained_field_writes_legal_levels_and_its_chances_add_up():
    field = games.TileModel(3).fit([games.as_tiles(games.parse(CORRIDOR)), floor_of(ROOM)])
    rng = np.random.default_rng(0)
    for boxes in (1, 2, 5):
        tiles = field.write(6, 7, rng, boxes)
        assert tiles.shape == (6, 7) and not games.faults(tiles) and np.isin(tiles, games.BOXES).sum() == boxes
    assert field.chances(floor_of(ROOM), 2, 3).sum() == pytest.approx(1)
    only = games.TileModel(0).fit([floor_of("#####\n#   #\n#####")])  # three floors, one kind: (3 + 1 / 7) / 4
    assert only.bits(floor_of("###\n# #\n###")) == pytest.approx(-np.log2((3 + 1 / 7) / 4))


# --- measures and repair ----------------------------------------------------------------------------------------------


def test_the_judge_tells_what_is_wrong_and_counts_changes_of_box():
    assert games.judge(floor_of("#####\n#@@ #\n#####")).fault == "illegal"
    assert games.judge(floor_of(UNSOLVABLE["a box in a corner"])).fault == "none"
    said = games.judge(floor_of("######\n#@   #\n# $$ #\n# .. #\n#    #\n######"))
    assert (said.fault, said.height, said.width, said.boxes, said.pushes, said.changes) == ("", 6, 6, 2, 2, 1)
    assert games.judge(floor_of(CORRIDOR)).changes == 0


def test_a_signature_is_alike_for_all_eight_forms():
    tiles = games.as_tiles(games.parse(TURN))
    assert len({games.judge(form).signature for form in games.symmetries(tiles)}) == 1
    assert len({form.tobytes() + bytes(form.shape) for form in games.symmetries(tiles)}) == 8


def test_distances_count_tiles_that_differ_over_what_is_no_wall():
    a = games.as_tiles(games.parse(CORRIDOR))
    b = games.as_tiles(games.parse("#######\n# $@ .#\n#######"))  # mirrored and moved by one, two of six differ
    c = games.as_tiles(games.parse("########\n#@ $  .#\n########"))  # six
    far = games.distances([a], [a, a.T, b, c])[0]
    assert far == pytest.approx([0, 0, 2 / 6, 2 / 6], abs=1e-6)
    player = games.as_tiles(games.parse("#######\n# @$ .#\n#######"))
    assert games.distances([a], [player])[0, 0] == 0  # where the player stands is left out


def test_distances_look_for_the_best_shift():
    a = games.as_tiles(games.parse(ROOM.replace("#      #", "#$    .#", 1)))
    grown = np.pad(a, 1)[:-1, :-1]
    grown[1, 4] = games.FLOOR  # one tile more at its edge moves everything by one
    assert games.distances([grown], [a])[0, 0] == pytest.approx(1 / (np.sum(a != games.WALL) + 1), abs=1e-6)


def test_wilson_is_right_at_its_ends():
    assert games.wilson(0, 20)[:2] == (0, pytest.approx(0)) and games.wilson(10, 10)[2] == pytest.approx(1)
    assert games.wilson(50, 100) == pytest.approx((0.5, 0.40383, 0.59617), abs=1e-5)


def test_rows_of_a_group_that_are_alike_count_once():
    rng = np.random.default_rng(0)
    hits, single = rng.random(100) < 0.4, np.arange(100)
    fourfold, groups = np.repeat(hits, 4), np.repeat(single, 4)
    share, least, most = games.grouped_wilson(fourfold, groups)
    assert (share, least, most) == pytest.approx(games.wilson(hits.sum(), 100), abs=1e-3)  # 400 rows are worth 100
    assert games.grouped_wilson(rng.random(400) < 2, np.arange(400)) == pytest.approx(games.wilson(400, 400))
    half = np.tile([True, False], 50)  # every group has one hit of two: no narrower than independent rows
    assert games.grouped_wilson(half, np.arange(100) // 2) == pytest.approx(games.wilson(50, 100))
    some = rng.random(400) < 0.5
    share = np.sum(fourfold & some) / some.sum()
    assert games.grouped_wilson(fourfold, groups, some)[0] == pytest.approx(share)


def test_a_difference_is_taken_within_groups():
    hits, groups = np.array([1, 1, 0, 0, 1, 0, 0, 1], bool), np.array([0, 0, 1, 1, 2, 2, 3, 3])
    same = games.by_group(hits, groups)
    assert games.grouped_difference(same, same) == (0, 0)  # whatever the groups do, both do
    share, added = same  # groups have 2, 0, 1, 1 of 2 hits: residuals 1, −1, 0, 0 of 8, times 4 / 3 squared
    assert share == 0.5 and np.sum(added**2) == pytest.approx(2 / 64 * 4 / 3)
    nothing = games.by_group(np.zeros(8, bool), groups)
    error = 3.18245 * np.sqrt(2 / 64 * 4 / 3)  # Student's t with three degrees of freedom
    assert games.grouped_difference(same, nothing) == pytest.approx((0.5 - error, 0.5 + error), abs=1e-4)


def test_legal_tiles_have_one_player_and_as_many_boxes_as_goals():
    for text, edits in (("#####\n#@@$.#\n#####", 1), ("######\n#    #\n######", 3), ("######\n#@*$ #\n######", 1)):
        tiles, number = games.legal(floor_of(text), np.random.default_rng(0))
        assert not games.faults(tiles) and number == edits
    assert games.legal(floor_of(CORRIDOR), np.random.default_rng(0))[1] == 0


def test_a_repair_leaves_what_works_and_mends_what_is_one_edit_away():
    tiles, edits = games.repair(floor_of(CORRIDOR), np.random.default_rng(0))
    assert edits == 0 and np.array_equal(tiles, floor_of(CORRIDOR))
    broken = floor_of("######\n#$   #\n#  @ #\n#   .#\n######")  # a box in a corner
    tiles, edits = games.repair(broken, np.random.default_rng(0))
    assert edits == 1 and not games.judge(tiles).fault


def test_a_level_that_is_solved_from_the_start_is_no_repair():
    for seed in range(20):
        tiles, edits = games.repair(floor_of("#####\n#@* #\n#   #\n#####"), np.random.default_rng(seed))
        assert tiles is not None and edits >= 1 and games.judge(tiles).pushes >= 1


def test_an_edit_changes_two_tiles_at_most_and_never_the_border():
    rng, tiles = np.random.default_rng(0), games.as_tiles(games.parse(TURN))
    for _ in range(40):
        other = games.edited(tiles, rng)
        assert (other != tiles).sum() <= 2 and np.array_equal(other == games.WALL, (other == games.WALL) & (tiles == 0))
        assert np.isin(other, games.BOXES).sum() == 1 == np.isin(other, games.GOALS).sum()
        assert (other[[0, -1]] == tiles[[0, -1]]).all()


# --- the shipped levels, and what the network reads -------------------------------------------------------------------


def test_the_shipped_levels_are_solved_by_their_moves():
    found = games.shipped_levels(games_model.LEVELS.read_text(encoding="ascii"))
    assert len(found) == 271
    for name in list(found)[::30]:
        level, moves = found[name]
        assert games.replay(level, moves)[-1].solved
    with pytest.raises(ValueError, match="without a line of moves"):
        games.shipped_levels("; one\n#####\n#@$.#\n#####\n")


def test_wishes_become_tokens_of_their_own():
    rows = games_model.wishes(height=[5, -1], boxes=2, band=[0, 3])
    assert rows.shape == (2, 4) and len({*rows.ravel()}) == 6  # the same: any width, two boxes
    assert rows.min() >= len(games.TILES) and rows.max() < games_model.VOCABULARY
    with pytest.raises(ValueError, match="boxes 7; expected 1 to 6"):
        games_model.wishes(boxes=7)
    with pytest.raises(ValueError, match="wish for colour"):
        games_model.wishes(colour=1)
    assert [games_model.band_of(pushes) for pushes in (3, 9, 10, 39, 40, 200)] == [0, 0, 1, 2, 3, 3]


def test_an_example_is_a_form_of_its_level_with_its_own_wishes():
    tiles, rng = games.as_tiles(games.parse(TURN)), np.random.default_rng(0)
    framed = games_model.framed(tiles)
    for _ in range(12):
        tokens = games_model.example(framed, (*tiles.shape, 1, 3, 9), rng, drop=0)
        inner = tokens[4:].reshape(8, 8)
        height, width = (int(tokens[k] - games_model.FIRST[name]) + 2 for k, name in enumerate(("height", "width")))
        level = np.pad(inner[: height - 2, : width - 2], 1).astype(np.uint8)
        assert (height, width) == (5, 5) and games.distances([level], [tiles])[0, 0] == 0
        assert tokens[2] == games_model.FIRST["boxes"] + 1 and tokens[3] == games_model.FIRST["band"] + 1
        assert games_model.fingerprint(inner.astype(np.uint8)) == games_model.fingerprint(framed)


def test_a_window_of_a_large_level_is_closed_and_connected():
    rng = np.random.default_rng(0)
    large = (rng.random((14, 17)) < 0.75).astype(np.uint8)
    for _ in range(10):
        window = games_model.cut_out(large, 8, 9, rng)
        assert window.shape == (8, 9) and not window[[0, -1]].any() and not window[:, [0, -1]].any()
        board = games.as_board(window)
        assert games.flood(board & -board, board, 9) == board


def test_a_level_that_is_solved_from_the_start_is_no_level():
    assert games.judge(floor_of("#####\n#@* #\n#####")).fault == "done"
    assert games.judge(floor_of("########\n#@  # *#\n########")).fault == "done"  # nobody reaches the only box
