"""The player, the guard, its lines and the towns of benchmarks/scenery.py, on cases worked out by hand."""

import collections

from benchmarks import games, scenery

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.ndimage import label

LEVEL = """
########
###  . #
#  $ # #
# #.$  #
#  @ # #
##  $ .#
########
"""
STEPS = {"u": "up", "d": "down", "l": "left", "r": "right"}


def test_a_level_is_played_by_buttons_and_keys_to_its_end():
    level = games.parse(LEVEL)
    solution = games.solve(level)
    player = scenery.Player(level)
    assert player.status.value == "0 moves, 0 pushes"
    buttons = {button._dom_classes[0].removeprefix("aigc-sokoban-"): button for button in buttons_of(player)}
    before = player.picture.value
    for move in solution.moves:
        buttons[STEPS[move.lower()]].click()
    assert player.status.value == f"{len(solution.moves)} moves, {solution.pushes} pushes, solved"
    assert player.picture.value != before
    buttons["right"].click()
    assert player.game.moves == solution.moves, "a solved level takes no further step"
    buttons["undo"].click()
    assert player.game.moves == solution.moves[:-1] and "solved" not in player.status.value
    buttons["restart"].click()
    assert player.game.moves == "" and player.picture.value == before
    player.keys.value = "sxd"
    assert player.game.moves == "dR" and player.keys.value == ""
    with pytest.raises(ValueError, match="expected up, down"):
        player.do("jump")


def buttons_of(player):
    """Return the widget's buttons."""
    return player.box.children[1].children


def test_every_part_of_the_player_has_its_class():
    player = scenery.Player(games.parse(LEVEL))
    parts = [*buttons_of(player), player.status, player.picture, player.keys]
    names = [one.removeprefix("aigc-sokoban-") for part in parts for one in part._dom_classes]
    assert sorted(names) == sorted(["up", "down", "left", "right", "undo", "restart", "status", "board", "keys"])


def test_a_film_strip_has_a_picture_before_and_one_a_push():
    level = games.parse(LEVEL)
    solution = games.solve(level)
    figure = scenery.film_strip(level, solution.moves)
    titles = [axes.get_title("left") or axes.get_title() for axes in figure.axes]
    plt.close(figure)  # test_widgets.py counts what is open
    assert [title.split(" (")[0] for title in titles if title] == ["before", *(f"push {k}" for k in range(1, 7))]


# --- the guard --------------------------------------------------------------------------------------------------------


def corridor(length=7):
    """Return a room of one row, with a door at each end."""
    return scenery.GuardRoom(np.ones((1, length), bool))


def test_a_room_knows_its_ways_and_its_doors():
    room = corridor()
    assert sorted(room.doors.tolist()) == [0, 6] and room.far[1, 5] == 4
    assert room.ways[0].tolist() == [0, 0, 0, 1, 0] and room.ways[3].tolist() == [3, 3, 2, 4, 3]
    with pytest.raises(ValueError, match="several parts"):
        scenery.GuardRoom(np.array([[1, 0, 1]], bool))


def test_the_thief_steps_with_chances_and_not_into_the_guard_on_purpose():
    room = corridor()
    chances = room.thief()
    assert np.allclose(chances.sum(-1), 1)
    assert chances[0, 4, 3] == pytest.approx(1 - scenery.BLUNDER + scenery.BLUNDER / 5)  # to the door on the right
    assert chances[5, 4, 3] == pytest.approx(scenery.BLUNDER / 5)  # there is the guard


def test_a_thief_beside_the_guard_is_caught_and_one_on_its_way_out_is_worth_its_blunders():
    room = corridor()
    optimum, _ = room.value()
    assert optimum[3, 4] == pytest.approx(1) and optimum[3, 3] == pytest.approx(1)
    after = room.after_thief(np.zeros((7, 7)), room.thief())
    assert after[5, 4] == pytest.approx((1 - scenery.SLIP) * scenery.BLUNDER / 5)  # caught by its own blunder alone
    assert after[0, 5] == 0 and after[2, 2] == 1


def test_no_policy_is_worth_more_than_the_optimum_and_a_simulation_agrees():
    room = scenery.guard_rooms(1, 3)[0]
    optimum, after = room.value()
    for policy in (scenery.wander(room), scenery.chase(room), scenery.cut_off(room), scenery.keep_pace(room)):
        assert np.allclose(policy.sum(-1), 1)
        assert (room.value(policy)[0] <= optimum + 1e-5).all()
    assert np.allclose(room.value(scenery.best_steps(room, after))[0], optimum, atol=1e-4)
    guard, thief = map(int, np.argwhere(room.starts())[0])
    policy, chances, rng = scenery.chase(room), room.thief(), np.random.default_rng(0)
    caught = np.mean([simulated(room, policy, chances, guard, thief, rng) for _ in range(4000)])
    assert caught == pytest.approx(room.value(policy)[0][guard, thief], abs=0.035)


def simulated(room, policy, chances, guard, thief, rng):
    """Return whether the thief is caught in one game."""
    while True:
        guard = room.ways[guard, rng.choice(5, p=policy[guard, thief])]
        if guard == thief:
            return True
        if rng.random() < scenery.SLIP:
            return False
        thief = room.ways[thief, rng.choice(5, p=chances[guard, thief])]
        if guard == thief or thief in room.doors:
            return bool(guard == thief)


def test_a_guard_learns_in_rooms_and_catches_in_others():
    model = scenery.learn_guard(scenery.guard_rooms(10, 0))
    rows = [scenery.guards_on(room, model) for room in scenery.guard_rooms(8, 1)]
    means = {name: np.mean([row[name] for row in rows]) for name in rows[0]}
    assert means["wanders"] < means["chases"] < means["has learnt"] <= means["best"]


# --- lines ------------------------------------------------------------------------------------------------------------


def test_a_quarter_of_the_pairs_is_held_out_and_their_halves_are_not():
    assert len(scenery.UNHEARD) == 12 and len(scenery.LINE_PAIRS) == 48
    rows = scenery.heard_rows()
    assert not {row[1:3] for row in rows} & set(scenery.UNHEARD)
    assert {row[1] for row in rows} == set(scenery.OPENERS) and {row[2] for row in rows} == set(scenery.BODIES)


def test_words_come_back_and_end_at_the_line_end():
    words = scenery.Words(["Well , Ada .", "No tricks ."])
    tokens = words.encode("No tricks , Ada .")
    assert words.decode([*tokens, 0, tokens[0]]) == "No tricks , Ada ."
    assert [words.all[token] for token in words.prompt("Ada", "sly", "near")] == ["<Ada>", "<sly>", "<near>"]
    assert scenery.tidy("No tricks , Ada .") == "No tricks, Ada."


def test_the_longest_line_has_room():
    rows = scenery.grammar_rows(40, 9, scenery.LINE_PAIRS)
    assert max(len(line.split()) for *_, line in rows) + 4 <= scenery.LONGEST
    known = {word for *_, line in scenery.heard_rows() for word in line.split()}
    assert {word for *_, line in rows for word in line.split()} <= known


def test_the_reader_reads_lines_of_pairs_that_it_has_not_met():
    reader, rows = scenery.line_reader(), scenery.grammar_rows(4, 7, scenery.UNHEARD)
    wishes, lines = [row[:3] for row in rows], [row[3] for row in rows]
    assert scenery.read_as_asked(reader, lines, wishes).mean() > 0.99
    others = [wishes[k - 4] for k in range(len(wishes))]  # those of another pair
    assert scenery.read_as_asked(reader, lines, others).all(1).mean() < 0.1
    assert not scenery.read_as_asked(reader, [lines[0] + " Ada Bram"], wishes[:1])[0, 0]
    known = scenery.known_pairs(scenery.heard_rows())
    loose, strict = (scenery.released_lines(lines, wishes, reader, known, which) for which in (False, True))
    assert (strict <= loose).all() and loose.mean() > 0.95 and 0.2 < strict.mean() < 0.8
    assert scenery.gates_let_through(reader, known)["in disguise"][:2] == [0, 0]


def test_rivals_say_the_name_that_was_asked_for():
    rows, wishes = scenery.heard_rows(), scenery.held_out_wishes(1)
    for lines in (scenery.spliced_lines(rows, wishes), scenery.random_lines(rows, wishes)):
        assert all(
            set(line.split()) & set(scenery.VISITORS) == {name} for line, (name, *_) in zip(lines, wishes, strict=True)
        )
    assert len(scenery.ngram_lines(rows, wishes[:3])) == 3


def test_intervals_are_over_groups():
    mean, least, most = scenery.group_interval([1, 1, 1, 0], ["a", "a", "a", "b"])
    assert mean == 0.5 and least == 0 and most == 1


# --- towns ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rugged", [2.0, 3.0])
def test_a_landscape_has_the_spectrum_that_was_asked_for(rugged):
    slopes = [scenery.measured_slope(scenery.landscape(64, rugged, np.random.default_rng(k))) for k in range(20)]
    assert np.mean(slopes) == pytest.approx(rugged, abs=0.1)
    heights = scenery.landscape(64, rugged, np.random.default_rng(0))
    assert heights.mean() == pytest.approx(0, abs=1e-9) and heights.std() == pytest.approx(1)


def test_sites_lie_on_land_and_apart():
    land = np.zeros((40, 40), bool)
    land[:, :25] = True
    sites = scenery.town_sites(land, np.random.default_rng(0), count=4, apart=9)
    assert len(sites) == 4 and all(land[tuple(site)] for site in sites)
    assert min(np.hypot(*(a - b)) for k, a in enumerate(sites) for b in sites[:k]) >= 9


def test_the_tree_is_the_shortest_and_the_extra_edge_saves_most():
    places = np.array([[0, 0], [0, 10], [10, 10], [11, 0]])  # almost a square: three sides, then the fourth
    lengths = np.hypot(*(places[:, None] - places).transpose(2, 0, 1))
    assert sorted(scenery.spanning_edges(lengths, extra=0)) == [(0, 1), (1, 2), (2, 3)]
    assert scenery.spanning_edges(lengths, extra=0.34)[3:] == [(0, 3)]


def test_a_flood_agrees_with_scipys_labels():
    for seed in range(10):
        passable = np.random.default_rng(seed).random((20, 20)) < 0.45
        start = tuple(np.argwhere(passable)[0])
        numbers = label(passable, np.ones((3, 3)))[0]
        assert np.array_equal(scenery.flooded(passable, start), numbers == numbers[start])
    assert not scenery.flooded(np.zeros((3, 3), bool), (1, 1)).any()


def small_map():
    """Return (tiles, heights): two villages, a bridge between them, and two houses."""
    tiles = np.full((3, 9), scenery.LAND, np.uint8)
    tiles[:, 4:6] = scenery.WATER
    tiles[1, 1:8] = scenery.ROAD
    tiles[1, 4:6] = scenery.BRIDGE
    tiles[0, 2] = tiles[2, 7] = scenery.HOUSE
    heights = np.ones((3, 9))
    heights[:, 4:6] = -1
    return tiles, heights


def test_the_check_finds_each_fault(monkeypatch):
    sites = np.array([[1, 1], [1, 7]])
    tiles, heights = small_map()
    assert scenery.checked_map(tiles, heights, 0.0, sites) == {"joined": True, "dry": True, "buildable": True}
    broken = tiles.copy()
    broken[1, 5] = scenery.WATER
    assert not scenery.checked_map(broken, heights, 0.0, sites)["joined"]
    lonely = tiles.copy()
    lonely[0, 8] = scenery.HOUSE
    assert not scenery.checked_map(lonely, heights, 0.0, sites)["joined"]
    wet = tiles.copy()
    wet[1, 4] = scenery.ROAD
    assert not scenery.checked_map(wet, heights, 0.0, sites)["dry"]
    monkeypatch.setattr(scenery, "LONGEST_BRIDGE", 1)
    assert not scenery.checked_map(tiles, heights, 0.0, sites)["buildable"]


def test_the_slope_of_a_road_is_height_over_length():
    heights = np.array([[0.0, 1.0, 1.0], [0.0, 0.0, 3.0]])
    assert scenery.steepness([[(0, 0), (0, 1), (0, 2)]], heights) == pytest.approx(0.5)
    assert scenery.steepness([[(0, 1), (1, 2)]], heights) == pytest.approx(2 / np.sqrt(2))


@pytest.mark.parametrize("way", scenery.ROAD_WAYS)
def test_a_town_is_what_its_way_promises(way, monkeypatch):
    monkeypatch.setattr(scenery, "MAP_SIDE", 64)
    heights, level, sites, roads, tiles = scenery.town(4, way)
    said = scenery.checked_map(tiles, heights, level, sites)
    assert said["dry"] and (said["joined"] or way in ("nearest neighbour", "random pairs"))
    assert (tiles == scenery.HOUSE).sum() > 20
    assert all(max(abs(np.diff(road, axis=0)).max(1)) == 1 for road in roads if len(road) > 1)  # no gaps
    ends = collections.Counter(tuple(map(int, end)) for road in roads for end in (road[0], road[-1]))
    assert set(ends) <= {tuple(map(int, site)) for site in sites}
    drawn = scenery.smooth_heights(heights, level, tiles, 4) > level
    road, bridge = ((tiles == kind).repeat(4, 0).repeat(4, 1) for kind in (scenery.ROAD, scenery.BRIDGE))
    assert drawn[road].all() and not drawn[bridge].any()  # no road in the drawn water, no bridge on the drawn land
    shore = ~drawn & ~bridge
    assert all(not (np.roll(shore, step, axis) & road).any() for step in (-2, -1, 1, 2) for axis in (0, 1))  # a margin
    image = scenery.painted(heights, level, tiles, 2)
    assert image.shape == (128, 128, 3) and image.min() >= 0 and image.max() <= 1
