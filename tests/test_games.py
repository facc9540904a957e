"""The levels, the judge and the rivals of benchmarks/games.py, on levels small enough to solve by hand."""

from benchmarks import games

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
