"""Wrong answers that a learner may well give, one or more for every exercise of every notebook.

``WRONG[notebook][exercise]`` is a list of (source that replaces the stub, words that the explanation must hold).
tests/test_exercises.py runs each through the notebook's own check.
"""

WRONG = {
    "00_start_here": {
        "00.1": [
            ("exponent = 32 * 32 * 3", "number of bytes"),
            ("exponent = 32 * 32 * 8", "one colour"),
            ("exponent = 2.0**1000", "exponent alone"),
            ("exponent = 256", "pixels × colours × 8"),
            ("exponent = '24576'", "TypeError"),
        ],
        "00.2": [
            (
                "def estimate(seconds, reference_speed, own_speed):\n    return seconds * own_speed / reference_speed",
                "ratio",
            ),
            ("def estimate(seconds, reference_speed, own_speed):\n    return seconds", "less time"),
            ("def estimate(seconds, reference_speed, own_speed):\n    return seconds / own_speed", "the same 60 s"),
            (
                "def estimate(seconds, reference_speed, own_speed):\n    print(seconds)\n    return 1 / 0",
                "ZeroDivisionError",
            ),
        ],
        "00.3": [
            ("def usual_length(latent_dim):\n    return latent_dim", "square root is asked for"),
            ("def usual_length(latent_dim):\n    return 0", "single entry"),
            ("def usual_length(latent_dim):\n    return 1", "squared length is 64"),
        ],
        "00.4": [
            ("def halfway(a, b):\n    return (a + b) / 2", "too short"),
            ("def halfway(a, b):\n    return (a + b) / np.linalg.norm(a + b)", "length 8"),
            ("def halfway(a, b):\n    return a", "same angle"),
            ("def halfway(a, b):\n    return a @ b", "64 entries"),
        ],
    },
    "01_data_preparation": {
        "01.1": [
            (
                "def crawl_seconds(requests, robots, agent):\n    return requests * robots.crawl_delay(agent)",
                "ten pauses",
            ),
            (
                "def crawl_seconds(requests, robots, agent):\n"
                "    return (requests - 1) * (robots.crawl_delay(agent) or 0)",
                "30 requests in 60 s",
            ),
            (
                "def crawl_seconds(requests, robots, agent):\n"
                "    rate = robots.request_rate(agent)\n"
                "    return (requests - 1) * (rate.seconds / rate.requests if rate else robots.crawl_delay(agent))",
                "asks for no pause",
            ),
            (
                "def crawl_seconds(requests, robots, agent):\n"
                "    rate = robots.request_rate(agent)\n"
                "    pause = rate.seconds / rate.requests if rate else robots.crawl_delay(agent) or 0\n"
                "    return (requests - 1) * pause",
                "longer pause counts",
            ),
        ],
        "01.2": [
            ("def robust_z(values):\n    return (values - np.mean(values)) / np.std(values)", "absurd value"),
            (
                "def robust_z(values):\n"
                "    centre = np.median(values)\n"
                "    return (values - centre) / np.median(np.abs(values - centre))",
                "0.6745",
            ),
            (
                "def robust_z(values):\n"
                "    centre = np.median(values)\n"
                "    return 0.6745 * (values - centre) / np.median(np.abs(values - centre))",
                "NaN",
            ),
            ("def robust_z(values):\n    return 0.6745 * values / np.median(np.abs(values))", "median's own z"),
        ],
        "01.3": [
            (
                "def posterior(prior, confusions, votes):\n"
                "    chances = prior.copy()\n"
                "    for habits, said in zip(confusions, votes):\n"
                "        chances = chances * habits[:, said]\n"
                "    return chances",
                "normalise",
            ),
            (
                "def posterior(prior, confusions, votes):\n"
                "    chances = prior.copy()\n"
                "    for habits, said in zip(confusions, votes):\n"
                "        chances = chances * habits[:, said]\n"
                "    return chances / chances.sum()",
                "silence ignored",
            ),
            (
                "def posterior(prior, confusions, votes):\n"
                "    chances = np.array(prior, float)\n"
                "    for habits, said in zip(confusions, votes):\n"
                "        if said >= 0:\n"
                "            chances *= habits[said]\n"
                "    return chances / chances.sum()",
                "Rows are the truth",
            ),
            (
                "def posterior(prior, confusions, votes):\n"
                "    counts = np.bincount(votes[votes >= 0], minlength=2)\n"
                "    return counts / counts.sum()",
                "6 to 1",
            ),
        ],
        "01.4": [
            (
                "def mirror_boxes(boxes, width):\n"
                "    left, top, right, bottom = boxes.T\n"
                "    return np.stack([width - left, top, width - right, bottom], axis=1)",
                "swap the two",
            ),
            (
                "def mirror_boxes(boxes, width):\n"
                "    left, top, right, bottom = boxes.T\n"
                "    return np.stack([width - 1 - right, top, width - 1 - left, bottom], axis=1)",
                "one column off",
            ),
            ("def mirror_boxes(boxes, width):\n    return boxes", "one column off"),
        ],
        "01.5": [
            ("def leak_share(n, k, m):\n    return 1 - (1 - m / n) ** (k - 1)", "Two photographs"),
            ("def leak_share(n, k, m):\n    return m / n", "nothing leaks"),
            ("def leak_share(n, k, m):\n    return 1 - comb(n - k, m) / comb(n, m)", "nothing leaks"),
        ],
    },
    "02_gan_math": {
        "02.1": [
            ("def best_with_share(p, q, share):\n    return p / (p + q)", "only the share is left"),
            (
                "def best_with_share(p, q, share):\n    return q * (1 - share) / (p * share + q * (1 - share))",
                "p / (p + q)",
            ),
            ("def best_with_share(p, q, share):\n    return p * share / (p + q)", "it is p / (p + q)"),
        ],
        "02.2": [
            (
                "def kl_divergence(p, q):\n    p, q = np.asarray(p), np.asarray(q)\n"
                "    return np.sum(q * np.log(q / p))",
                "p in front",
            ),
            (
                "def kl_divergence(p, q):\n    p, q = np.asarray(p), np.asarray(q)\n"
                "    with np.errstate(all='ignore'):\n        return np.sum(p * np.log(p / q))",
                "not NaN",
            ),
            (
                "def kl_divergence(p, q):\n    p, q = np.asarray(p), np.asarray(q)\n"
                "    return np.sum(p * np.log2(p / q))",
                "natural logarithm",
            ),
        ],
        "02.3": [
            ("def best_without_log(p, q):\n    return p / (p + q)", "nothing holds D back"),
            ("def best_without_log(p, q):\n    return (p < q).astype(float)", "likelier"),
            ("def best_without_log(p, q):\n    return float(p.sum() > q.sum())", "one number for each outcome"),
        ],
        "02.4": [
            (
                "def first_step(real, fake, learning_rate):\n"
                "    return -learning_rate * (real.mean(axis=0) - fake.mean(axis=0)) / 2",
                "towards the real",
            ),
            (
                "def first_step(real, fake, learning_rate):\n"
                "    return learning_rate * (real.mean(axis=0) - fake.mean(axis=0))",
                "Half the difference",
            ),
            (
                "def first_step(real, fake, learning_rate):\n"
                "    return learning_rate * (real.mean() - fake.mean()) / 2",
                "one entry",
            ),
        ],
        "02.5": [
            ("def times_stronger(s):\n    return np.exp(s)", "the non-saturating loss is the stronger"),
            ("def times_stronger(s):\n    return 1 / (1 + np.exp(s))", "push equally"),
            ("def times_stronger(s):\n    return 1 - s", "short form"),
        ],
        "02.6": [
            ("def rate_home(gamma):\n    return gamma / 2", "slower of the two"),
            ("def rate_home(gamma):\n    return -gamma / 2", "real part of both"),
            ("def rate_home(gamma):\n    return (gamma - np.sqrt(gamma**2 - 1 + 0j)).real / 2 + 1", "rate is 0"),
        ],
        "02.7": [
            (
                "def modes_found(samples, centres, reach):\n"
                "    near = np.linalg.norm(samples[:, None] - centres, axis=-1) <= reach\n"
                "    return int(near.any(axis=0).sum())",
                "single stray sample",
            ),
            (
                "def modes_found(samples, centres, reach):\n"
                "    near = np.abs(samples[:, None] - centres).max(axis=-1) <= reach\n"
                "    return int((near.mean(axis=0) >= 0.01).sum())",
                "Euclidean",
            ),
        ],
        "02.8": [
            ("def wasserstein_1(a, b):\n    return np.abs(a - b).mean()", "another order"),
            ("def wasserstein_1(a, b):\n    return abs(a.mean() - b.mean())", "do not cancel"),
            ("def wasserstein_1(a, b):\n    return np.abs(np.sort(a) - np.sort(b)).sum()", "mean"),
        ],
    },
    "03_vae": {
        "03.1": [
            (
                "def posterior(x, sigma):\n    return x / 2, 0.5",
                "perfect ruler",
            ),
            (
                "def posterior(x, sigma):\n    return x",
                "TypeError",
            ),
            (
                "def posterior(x, sigma):\n    return (x / (1 + sigma**2), sigma**2)",
                "useless ruler",
            ),
        ],
        "03.2": [
            (
                "def draw_latent(mean, log_var, noise):\n    return mean + np.exp(log_var) * noise",
                "deviation of 3",
            ),
            (
                "def draw_latent(mean, log_var, noise):\n    return mean + log_var * noise",
                "log variance 0",
            ),
            (
                "def draw_latent(mean, log_var, noise):\n    return np.exp(log_var / 2) * noise",
                "Without noise",
            ),
        ],
        "03.3": [
            (
                "def places(count):\n    return stats.norm.ppf(np.linspace(0, 1, count))",
                "infinitely far",
            ),
            (
                "def places(count):\n    return np.linspace(-2, 2, count)",
                "four equal parts",
            ),
            (
                "def places(count):\n    return stats.norm.ppf(np.arange(1, count) / count)",
                "as many places as asked for",
            ),
        ],
        "03.4": [
            (
                "def best_variance(images, decoded):\n    return np.var(images - decoded)",
                "mean square",
            ),
            (
                "def best_variance(images, decoded):\n    return np.sqrt(np.mean((images - decoded) ** 2))",
                "mean square",
            ),
            (
                "def best_variance(images, decoded):\n    return np.mean((images - decoded) ** 2, axis=0)",
                "one number for all values",
            ),
        ],
        "03.5": [
            (
                "def best_codes(shares):\n    return np.argmax(shares, axis=1)",
                "down the columns",
            ),
            (
                "def best_codes(shares):\n    return np.max(shares, axis=0)",
                "Return the index",
            ),
            (
                "def best_codes(shares):\n    return np.argmin(shares, axis=0)",
                "largest share",
            ),
        ],
        "03.6": [
            (
                "def one_hot(labels):\n    return np.eye(5)[labels].reshape(len(labels), -1)",
                "Five places",
            ),
            (
                "def one_hot(labels):\n"
                "    return np.concatenate([np.eye(3)[labels[:, 1]], np.eye(5)[labels[:, 0]]], axis=1)",
                "First the fur",
            ),
            (
                "def one_hot(labels):\n    return np.eye(8)[labels[:, 0]]",
                "two ones",
            ),
        ],
        "03.7": [
            (
                "def log_mean_weight(log_weights):\n    return np.mean(log_weights)",
                "mean first",
            ),
            (
                "def log_mean_weight(log_weights):\n    return np.log(np.mean(np.exp(log_weights)))",
                "not finite",
            ),
            (
                "def log_mean_weight(log_weights):\n    return special.logsumexp(log_weights)",
                "mean of 1 and 3",
            ),
        ],
        "03.8": [
            (
                "def decibels(a, b):\n    return 10 * np.log10(1 / np.mean((a - b) ** 2))",
                "range is 2",
            ),
            (
                "def decibels(a, b):\n    return np.log10(4 / np.mean((a - b) ** 2))",
                "ten times",
            ),
        ],
    },
    "04_training_a_gan": {
        "04.1": [
            ("def to_model_range(pixels):\n    return pixels / 255", "sigmoid"),
            ("def to_model_range(pixels):\n    return pixels / 128 - 1", "0, 127.5 and 255 should become"),
        ],
        "04.2": [
            ("coin_loss = np.log(2)", "one of the two terms"),
            ("coin_loss = -2 * np.log(2)", "positive"),
            ("coin_loss = 2 * np.log10(2)", "natural logarithms"),
        ],
        "04.3": [
            ("def half_life(momentum):\n    return 1 / (1 - momentum)", "With momentum ½"),
            ("def half_life(momentum):\n    return 0.5 / (1 - momentum)", "momentum ** steps"),
        ],
        "04.4": [
            (
                "def hinge_loss(real_logits, fake_logits):\n"
                "    return np.maximum(0, 1 + real_logits).mean() + np.maximum(0, 1 - fake_logits).mean()",
                "labels swapped",
            ),
            (
                "def hinge_loss(real_logits, fake_logits):\n"
                "    return (1 - real_logits).mean() + (1 + fake_logits).mean()",
                "Beyond the margin",
            ),
            (
                "def hinge_loss(real_logits, fake_logits):\n"
                "    return np.maximum(0, 1 - real_logits).sum() + np.maximum(0, 1 + fake_logits).sum()",
                "each of the two terms is 1",
            ),
        ],
        "04.5": [
            ("def quadratic_penalty(images, a):\n    return a * np.mean(np.sum(images**2, axis=(1, 2, 3)))", "squared"),
            ("def quadratic_penalty(images, a):\n    return a**2 * np.mean(images**2)", "sum its squares"),
            ("def quadratic_penalty(images, a):\n    return a**2 * np.sum(images**2, axis=(1, 2, 3))", "one number"),
        ],
    },
    "05_evaluating": {
        "05.1": [
            (
                "def diagonal_distance(mean, deviation, other_mean, other_deviation):\n"
                "    return (mean - other_mean) ** 2 + (deviation - other_deviation) ** 2",
                "add over the axes",
            ),
            (
                "def diagonal_distance(mean, deviation, other_mean, other_deviation):\n"
                "    return np.sum((mean - other_mean) ** 2 + deviation**2 + other_deviation**2)",
                "distance 0 from itself",
            ),
            (
                "def diagonal_distance(mean, deviation, other_mean, other_deviation):\n"
                "    return np.sqrt(np.sum((mean - other_mean) ** 2 + (deviation - other_deviation) ** 2))",
                "no root",
            ),
            (
                "def diagonal_distance(mean, deviation, other_mean, other_deviation):\n"
                "    return np.sum((mean - other_mean) ** 2 + np.abs(deviation**2 - other_deviation**2))",
                "(3 − 1)²",
            ),
        ],
        "05.2": [
            (
                "def pictures_needed(floor, n, wanted):\n    return int(np.ceil(n * (floor / wanted) ** 2))",
                "not four times",
            ),
            (
                "def pictures_needed(floor, n, wanted):\n    return int(floor * n / wanted)",
                "round up",
            ),
            (
                "def pictures_needed(floor, n, wanted):\n    return int(np.ceil(floor / wanted))",
                "nothing to do",
            ),
        ],
        "05.3": [
            (
                "def mean_over_pairs(kernel):\n    return np.mean(kernel)",
                "diagonal must not count",
            ),
            (
                "def mean_over_pairs(kernel):\n    return (np.sum(kernel) - np.trace(kernel)) / len(kernel) ** 2",
                "Twelve pairs",
            ),
            (
                "def mean_over_pairs(kernel):\n"
                "    return np.sum(np.triu(kernel, 1)) / (len(kernel) * (len(kernel) - 1))",
                "Twelve pairs",
            ),
        ],
        "05.4": [
            (
                "def precision_on_a_line(real, fake):\n"
                "    apart = np.abs(real[:, None] - real)\n"
                "    return np.mean((np.abs(fake[:, None] - real) <= apart.min(axis=1)).any(axis=1))",
                "from 1 to 19",
            ),
            (
                "def precision_on_a_line(real, fake):\n    return np.mean((fake >= real.min()) & (fake <= real.max()))",
                "from 1 to 19",
            ),
            (
                "def precision_on_a_line(real, fake):\n"
                "    apart = np.abs(real[:, None] - real)\n"
                "    return np.mean((np.abs(fake[:, None] - real) <= apart.max(axis=1)).any(axis=1))",
                "from 1 to 19",
            ),
            (
                "def precision_on_a_line(real, fake):\n    return 1.0",
                "30 is outside",
            ),
        ],
        "05.5": [
            (
                "def nearer_than_all(count, samples, held_out):\n    return (samples / (samples + held_out)) ** count",
                "without putting back",
            ),
            (
                "def nearer_than_all(count, samples, held_out):\n    return samples / (samples + held_out)",
                "None at least",
            ),
            (
                "def nearer_than_all(count, samples, held_out):\n"
                "    return 1 - (held_out / (samples + held_out)) ** count",
                "None at least",
            ),
        ],
    },
    "05b_tuning_and_understanding": {
        "05b.1": [
            (
                "def quotable(validation, test):\n    return np.min(validation)",
                "it flatters",
            ),
            (
                "def quotable(validation, test):\n    return np.min(test)",
                "the test set would have chosen",
            ),
            (
                "def quotable(validation, test):\n    return np.mean(test[:2])",
                "second model wins",
            ),
        ],
        "05b.2": [
            (
                "def cleaned(direction, unwanted):\n    return direction @ unwanted",
                "direction is asked for",
            ),
            (
                "def cleaned(direction, unwanted):\n"
                "    rest = direction - (direction @ unwanted) * unwanted\n"
                "    return rest / np.linalg.norm(rest)",
                "mind its length",
            ),
            (
                "def cleaned(direction, unwanted):\n"
                "    return direction - (direction @ unwanted) / (unwanted @ unwanted) * unwanted",
                "Length 1",
            ),
            (
                "def cleaned(direction, unwanted):\n"
                "    rest = direction - (direction @ unwanted) / (unwanted @ unwanted) * unwanted\n"
                "    return -rest / np.linalg.norm(rest)",
                "wanted way",
            ),
        ],
        "05b.3": [
            (
                "def by_chance(right, pairs):\n    return stats.binom.sf(right, pairs, 0.5)",
                "At least none",
            ),
            (
                "def by_chance(right, pairs):\n    return stats.binom.pmf(right, pairs, 0.5)",
                "At least none",
            ),
            (
                "def by_chance(right, pairs):\n    return 0.5**right",
                "equal case",
            ),
        ],
        "05b.4": [
            (
                "def mixture_deviation(weights, means, deviations):\n"
                "    return weights @ (deviations**2 + (means - weights @ means) ** 2)",
                "a root",
            ),
            (
                "def mixture_deviation(weights, means, deviations):\n    return np.sqrt(weights @ deviations**2)",
                "the means differ",
            ),
            (
                "def mixture_deviation(weights, means, deviations):\n"
                "    return np.sqrt(np.mean(deviations**2 + (means - np.mean(means)) ** 2))",
                "0.9 and 0.1",
            ),
        ],
        "05b.5": [
            ("def focus(heat, mask):\n    return heat[mask].sum() / heat.sum()", "share"),
            ("def focus(heat, mask):\n    return heat[mask].mean() / heat.max()", "whatever its height"),
        ],
    },
    "06_flow_matching": {
        "06.1": [
            ("def on_the_way(noise, data, t):\n    return t * noise + (1 - t) * data", "At time 0"),
            ("def on_the_way(noise, data, t):\n    return noise + t * data", "without any noise"),
            ("def on_the_way(noise, data, t):\n    return (1 - t) ** 2 * noise + t**2 * data", "linear in t"),
        ],
        "06.2": [
            (
                "def velocity_at_crossing(velocities, probabilities):\n    return velocities * probabilities",
                "One velocity",
            ),
            (
                "def velocity_at_crossing(velocities, probabilities):\n    return velocities[np.argmax(probabilities)]",
                "equally likely",
            ),
            ("def velocity_at_crossing(velocities, probabilities):\n    return np.mean(velocities)", "weighs by prob"),
        ],
        "06.3": [
            ("floor_at_start = 0.0", "cannot be predicted"),
            ("floor_at_start = 2.0", "adds nothing"),
            ("floor_at_start = 0.5", "1 away from it"),
        ],
        "06.4": [
            ("def velocity_from_end(end, x, t):\n    return end / (1 - t)", "has arrived"),
            ("def velocity_from_end(end, x, t):\n    return (x - end) / (1 - t)", "away from it"),
            ("def velocity_from_end(end, x, t):\n    return end - x", "velocity of 4"),
        ],
        "06.5": [
            ("def one_heun_step(field, x, t, h):\n    return x + h * (field(x, t) + field(x, t + h))", "makes 1.5"),
            ("def one_heun_step(field, x, t, h):\n    return x + h * field(x, t)", "both slopes"),
            (
                "def one_heun_step(field, x, t, h):\n    return x + h / 2 * (field(x, t) + field(x, t + h))",
                "Euler's place",
            ),
        ],
        "06.6": [
            ("def better_method(evaluations):\n    return 'euler'", "higher order"),
            ("def better_method(evaluations):\n    return 'heun'", "single step"),
            (
                "def better_method(evaluations):\n"
                "    return 'heun' if 1.5 / evaluations**2 < 0.8 / evaluations else 'euler'",
                "single step",
            ),
            ("def better_method(evaluations):\n    return 'heun' if evaluations > 8 else 'euler'", "four steps"),
        ],
        "06.7": [
            ("def guided(told, untold, w):\n    return told + w * (told - untold)", "ignores the wish"),
            ("def guided(told, untold, w):\n    return untold + w * told", "as it was trained"),
            ("def guided(told, untold, w):\n    return told if w >= 1 else untold", "exaggerated"),
        ],
        "06.8": [
            (
                "def clearly_better(first, second):\n"
                "    d = np.array(second[: len(first)]) - np.array(first[: len(second)])\n"
                "    return np.mean(d) > stats.t.ppf(0.975, len(d) - 1) * np.std(d, ddof=1) / np.sqrt(len(d))",
                "Do not pair",
            ),
            (
                "def clearly_better(first, second):\n"
                "    return stats.ttest_ind(first, second, equal_var=False).pvalue < 0.05",
                "second family leads",
            ),
            (
                "def clearly_better(first, second):\n"
                "    error = np.sqrt(np.var(first, ddof=1) / len(first) + np.var(second, ddof=1) / len(second))\n"
                "    return np.mean(second) - np.mean(first) > 1.96 * error",
                "not 1.96",
            ),
            (
                "def clearly_better(first, second):\n"
                "    return stats.ttest_ind(second, first).confidence_interval(0.95).low > 0",
                "Do not pool",
            ),
        ],
    },
    "07_text": {
        "07.1": [
            ("def bits_a_character(p, characters):\n    return -np.log(p).sum() / characters", "2 bits each"),
            ("def bits_a_character(p, characters):\n    return -np.log2(p).mean()", "not by tokens"),
            (
                "def bits_a_character(p, characters):\n    return -np.log2(p.mean()) * len(p) / characters",
                "mean of logarithms",
            ),
        ],
        "07.2": [
            ("def mixed(followed, c, lower):\n    return followed.count(c) / len(followed)", "keeps a chance"),
            (
                "def mixed(followed, c, lower):\n    return (followed.count(c) + lower) / (len(followed) + 1)",
                "two kinds",
            ),
            (
                "def mixed(followed, c, lower):\n"
                "    kinds = len(set(followed))\n"
                "    return (followed.count(c) + lower) / (len(followed) + kinds)",
                "weight of the kinds",
            ),
        ],
        "07.3": [
            (
                "def causal_weights(scores):\n"
                "    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)\n"
                "    return np.tril(weights)",
                "add up to 1",
            ),
            (
                "def causal_weights(scores):\n    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)",
                "columns 0 to i",
            ),
            (
                "def causal_weights(scores):\n"
                "    weights = np.tril(np.ones_like(scores))\n"
                "    return weights / weights.sum(axis=1, keepdims=True)",
                "exponential of the difference",
            ),
        ],
        "07.4": [
            ("def temperature_for(p, wanted):\n    return wanted / p * 1.5", "as they are"),
            ("def temperature_for(p, wanted):\n    return np.log(wanted / (1 - wanted)) / np.log(p / (1 - p))", "cool"),
            ("def temperature_for(p, wanted):\n    return p / wanted", "squares the odds"),
        ],
        "07.5": [
            ("def nucleus_size(p, share):\n    return int(np.sum(np.cumsum(np.sort(p)[::-1]) < share))", "always kept"),
            ("def nucleus_size(p, share):\n    return 1", "the one that crosses"),
            (
                "def nucleus_size(p, share):\n    return int(np.sum(np.cumsum(p) < share - 1e-12) + 1)",
                "the one that crosses",
            ),
        ],
        "07.6": [
            (
                "def cache_bytes(layers, width, batch, length):\n    return 4 * layers * width * batch * length",
                "8 bytes",
            ),
            ("def cache_bytes(layers, width, batch, length):\n    return 8 * width * batch * length", "its own"),
            (
                "def cache_bytes(layers, width, batch, length):\n    return 8 * layers * width * batch * length**2",
                "square",
            ),
        ],
        "07.7": [
            ("copies_needed = 58.4", "whole"),
            ("copies_needed = 20", "hides too easily"),
            ("copies_needed = 100", "smallest n"),
        ],
        "07.8": [
            (
                "def error_of_gain(before, after):\n"
                "    return np.sqrt((np.var(before, ddof=1) + np.var(after, ddof=1)) / len(before))",
                "steady gain",
            ),
            ("def error_of_gain(before, after):\n    return np.std(after - before, ddof=1)", "root of n"),
        ],
    },
    "08_audio": {
        "08.1": [
            ("def heard_frequency(frequency, rate):\n    return min(frequency, rate / 2)", "the alias falls"),
            (
                "def heard_frequency(frequency, rate):\n    return min(frequency, rate - frequency)",
                "the remainder counts",
            ),
            (
                "def heard_frequency(frequency, rate):\n"
                "    return frequency % rate if frequency > rate else min(frequency, rate - frequency)",
                "above half the rate, too",
            ),
            (
                "def heard_frequency(frequency, rate):\n    return min(frequency % 8000, 8000 - frequency % 8000)",
                "another rate counts",
            ),
        ],
        "08.2": [
            ("def shortest_window(apart):\n    return apart / 2500", "Closer tones"),
            ("def shortest_window(apart):\n    return 4 * 8000 / apart", "in seconds"),
            ("def shortest_window(apart):\n    return 2 / apart", "40 ms"),
        ],
        "08.3": [
            ("def level_of_both(first, second):\n    return first + second", "Twice the power"),
            ("def level_of_both(first, second):\n    return max(first, second) + 3.0103", "adds nothing"),
            (
                "def level_of_both(first, second):\n    return 20 * np.log10(10 ** (first / 20) + 10 ** (second / 20))",
                "Twice the power",
            ),
        ],
        "08.4": [
            ("def one_step(S, A, there_and_back):\n    return there_and_back(S)", "magnitudes are the given ones"),
            ("def one_step(S, A, there_and_back):\n    return A * np.exp(1j * np.angle(S))", "of what came back"),
            (
                "def one_step(S, A, there_and_back):\n    return A * np.exp(1j * np.angle(there_and_back(A)))",
                "came back from S",
            ),
            (
                "def one_step(S, A, there_and_back):\n    back = there_and_back(S)\n    return A * back / np.abs(back)",
                "do not divide by zero",
            ),
        ],
        "08.5": [
            (
                "def half_width(right):\n"
                "    flat = np.ravel(right)\n"
                "    return stats.t.ppf(0.975, flat.size - 1) * flat.std(ddof=1) / np.sqrt(flat.size)",
                "More seeds",
            ),
            (
                "def half_width(right):\n"
                "    means = np.mean(right, axis=1)\n"
                "    return 1.96 * means.std(ddof=1) / np.sqrt(len(means))",
                "Student's factor",
            ),
            (
                "def half_width(right):\n"
                "    means = np.median(right, axis=1)\n"
                "    return stats.t.ppf(0.975, len(means) - 1) * means.std(ddof=1) / np.sqrt(len(means))",
                "Average each person's seeds",
            ),
        ],
    },
    "09_video": {
        "09.1": [
            ("def frames_shown(durations, rate):\n    return len(durations)", "four frames"),
            ("def frames_shown(durations, rate):\n    return sum(durations) / 1000 / rate", "three frames"),
            ("def frames_shown(durations, rate):\n    return int(sum(durations) * rate / 1000)", "rounded"),
            ("def frames_shown(durations, rate):\n    return round(sum(durations) / min(durations))", "use the rate"),
        ],
        "09.2": [
            ("def best_frame(outcomes, probabilities):\n    return outcomes[probabilities.argmax()]", "half as strong"),
            ("def best_frame(outcomes, probabilities):\n    return outcomes.mean(axis=0)", "Weigh by probability"),
            ("def best_frame(outcomes, probabilities):\n    return probabilities", "Three pixels"),
        ],
        "09.3": [
            ("def error_of_lots(p, q, apart):\n    return 2 * p * (1 - p) * apart", "whenever a happens"),
            ("def error_of_lots(p, q, apart):\n    return (p * q + (1 - p) * (1 - q)) * apart", "does not err"),
        ],
        "09.4": [
            (
                "def second_differences(frames):\n    return np.abs(np.diff(frames, n=2, axis=0)).mean()",
                "wrap around",
            ),
            (
                "def second_differences(frames):\n    return np.abs(np.diff(frames.astype(float), axis=0)).mean()",
                "no second difference",
            ),
            (
                "def second_differences(frames):\n    return np.abs(np.diff(frames.astype(float), n=2, axis=0)).max()",
                "mean of their sizes",
            ),
        ],
        "09.5": [
            ("def share_kept(fur):\n    return (fur == fur[:, :1]).mean()", "spoils the clip"),
            ("def share_kept(fur):\n    return (fur[:, 0] == fur[:, -1]).mean()", "There and back again"),
        ],
        "09.6": [
            (
                "def resampled(values, kitten, rng):\n    return values[rng.integers(len(values), size=len(values))]",
                "come together",
            ),
            (
                "def resampled(values, kitten, rng):\n"
                "    names = rng.permutation(np.unique(kitten))\n"
                "    return np.concatenate([values[kitten == name] for name in names])",
                "With replacement",
            ),
            (
                "def resampled(values, kitten, rng):\n"
                "    pairs = values.reshape(-1, 2)\n"
                "    return pairs[rng.integers(len(pairs), size=len(pairs))].ravel()",
                "come together",
            ),
        ],
    },
    "10_scaling": {
        "10.1": [
            (
                "def bytes_sent(size, workers, steps):\n    return steps * size * (workers - 1)",
                "four rounds of a third",
            ),
            ("def bytes_sent(size, workers, steps):\n    return steps * 2 * size", "nobody to send to"),
            (
                "def bytes_sent(size, workers, steps):\n    return steps * (workers - 1) / workers * size",
                "results back",
            ),
        ],
        "10.2": [
            ("def speed_up(serial, workers):\n    return workers * (1 - serial)", "as fast as before"),
            ("def speed_up(serial, workers):\n    return serial + (1 - serial) / workers", "seven times as fast"),
        ],
        "10.3": [
            (
                "def scaled(batch, rate, steps, workers):\n    return batch, rate * workers, -(-steps // workers)",
                "Each of four",
            ),
            (
                "def scaled(batch, rate, steps, workers):\n"
                "    return batch * workers, rate * workers**0.5, -(-steps // workers)",
                "four times the rate",
            ),
            (
                "def scaled(batch, rate, steps, workers):\n"
                "    return batch * workers, rate * workers, steps // workers",
                "round up",
            ),
        ],
        "10.4": [
            ("def save_every(save, between):\n    return (save * between) ** 0.5", "t = 20"),
            ("def save_every(save, between):\n    return save * between / 10", "a root"),
        ],
        "10.5": [
            ("def largest_error(most, bits):\n    return most / (2 ** (bits - 1) - 1)", "half a step"),
            ("def largest_error(most, bits):\n    return 0.5 * most / 127", "seven levels"),
        ],
        "10.6": [
            (
                "def place(k, count, seed):\n    a, b = np.random.default_rng(seed).integers(0, count, 2)\n"
                "    return (int(a) * k + int(b)) % count",
                "is a ever 0",
            ),
            ("def place(k, count, seed):\n    return k", "Seeds change the order"),
            (
                "def place(k, count, seed):\n"
                "    return int(np.random.default_rng(seed).integers(1, count)) * k % count",
                "add b",
            ),
        ],
    },
    "10b_serving": {
        "10b.1": [
            ("def seconds_from_due(due, service):\n    return np.asarray(service)", "due at 1, but sent at 5"),
            ("def seconds_from_due(due, service):\n    return np.cumsum(service) - due", "Without a queue"),
            (
                "def seconds_from_due(due, service):\n    return np.maximum(np.cumsum(service) - due, service)",
                "the queue is empty again",
            ),
        ],
        "10b.2": [
            (
                "def is_seed(value, most=2**53 - 1):\n    return isinstance(value, int) and 0 <= value <= most",
                "truth value",
            ),
            ("def is_seed(value, most=2**53 - 1):\n    return type(value) is int", "Too small"),
            ("def is_seed(value, most=2**53 - 1):\n    return 0 <= value <= most and value % 1 == 0", "truth value"),
        ],
        "10b.3": [
            ("def mean_waiting(rate, service):\n    return rate * mean_time(rate, service)", "NameError"),
            (
                "def mean_waiting(rate, service):\n    return rate * service / (2 * (1 - rate * service))",
                "waits for half a service",
            ),
            (
                "def mean_waiting(rate, service):\n"
                "    busy = rate * service\n"
                "    return busy * service / (2 * (1 - busy))",
                "waits for half a service",
            ),
        ],
        "10b.4": [
            (
                "def pauses(attempts, first=0.5, most=8.0):\n"
                "    return [min(most, first * 2**k) for k in range(attempts)]",
                "no pause before it",
            ),
            (
                "def pauses(attempts, first=0.5, most=8.0):\n    return [first * 2**k for k in range(attempts - 1)]",
                "Never longer",
            ),
            (
                "def pauses(attempts, first=0.5, most=8.0):\n"
                "    return [min(most, first * (k + 1)) for k in range(attempts - 1)]",
                "Three pauses",
            ),
        ],
        "10b.5": [
            (
                "def smallest_batch(rate, fixed, each, workers):\n"
                "    return max(1, int(np.ceil(rate * fixed / (workers - rate * each))))",
                "No batch is faster",
            ),
            (
                "def smallest_batch(rate, fixed, each, workers):\n"
                "    return next((b for b in range(1, 999) if b / (fixed + each * b) >= rate), None)",
                "Two workers",
            ),
            (
                "def smallest_batch(rate, fixed, each, workers):\n"
                "    return next((b for b in range(1, 999) if workers * b / fixed >= rate), None)",
                "Four pictures",
            ),
        ],
        "10b.6": [
            (
                "def false_alarms(alpha, windows, metrics):\n"
                "    return alpha * windows * metrics, 1 / (windows * metrics)",
                "8,760 windows",
            ),
            (
                "def false_alarms(alpha, windows, metrics):\n    return alpha * 365 * windows, 1 / (365 * windows)",
                "Five metrics",
            ),
            (
                "def false_alarms(alpha, windows, metrics):\n"
                "    tests = 365 * windows * metrics\n"
                "    return alpha * tests, alpha / tests",
                "one a year",
            ),
        ],
    },
    "11_case_film": {
        "11.1": [
            ("def mean_colour(c1, a1, c2, a2):\n    return (c1 + c2) / 2", "multiply first"),
            ("def mean_colour(c1, a1, c2, a2):\n    return (a1 * c1 + a2 * c2) / 2", "multiply first"),
            (
                "def mean_colour(c1, a1, c2, a2):\n    return (a1 * c1 + a2 * c2) / (a1 + a2 + 1e-30) + (a1 + a2 == 0)",
                "is 0",
            ),
            (
                "def mean_colour(c1, a1, c2, a2):\n    total = a1.sum() + a2.sum()\n"
                "    return (a1 * c1 + a2 * c2) / total if total else 0 * c1",
                "two answers",
            ),
        ],
        "11.2": [
            ("def error_factor(decibels):\n    return 1 - decibels / 10", "a tenth"),
            ("def error_factor(decibels):\n    return 10 ** (-decibels / 20)", "a tenth"),
            ("def error_factor(decibels):\n    return 10 ** (decibels / 10)", "a tenth"),
        ],
        "11.3": [
            ("def leaking(family, train, test):\n    return sorted(set(train) & set(test))", "different frames"),
            ("def leaking(family, train, test):\n    return [family[k] for k in train]", "No family"),
            (
                "def leaking(family, train, test):\n    a = [family[k] for k in train]\n"
                "    return [family[k] for k in test if family[k] in a]",
                "in order",
            ),
            (
                "def leaking(family, train, test):\n    return {family[k] for k in train} & {family[k] for k in test}",
                "Return a list",
            ),
            (
                "def leaking(family, train, test):\n"
                "    kept = {family[k] for k in train} & {family[k] for k in test}\n"
                "    return [one for one in dict.fromkeys(family) if one in kept]",
                "order of appearance",
            ),
        ],
        "11.4": [
            ("def resampled_mean(values, groups, picks):\n    return values[np.isin(groups, picks)].mean()", "11 / 7"),
            (
                "def resampled_mean(values, groups, picks):\n"
                "    return np.mean([values[groups == k].mean() for k in picks])",
                "all four values",
            ),
            (
                "def resampled_mean(values, groups, picks):\n    return values[picks].mean()",
                "all four values",
            ),
        ],
        "11.5": [
            (
                "def most_wrong(drawing, checking, repair):\n    return min(1.0, checking / (repair * drawing))",
                "no room",
            ),
            (
                "def most_wrong(drawing, checking, repair):\n    return (drawing - checking) / (repair * drawing)",
                "at most 1",
            ),
            (
                "def most_wrong(drawing, checking, repair):\n"
                "    return min(1.0, (drawing - checking) / (repair * drawing))",
                "at least 0",
            ),
            ("def most_wrong(drawing, checking, repair):\n    return min(1.0, (drawing - checking) / drawing)", "0.6"),
        ],
    },
    "12_case_advertising": {
        "12.1": [
            (
                "def pictures_worth_it(fixed_g, variable_g, variable_s):\n"
                "    return fixed_g / (variable_s - variable_g)",
                "cheaper comes after that",
            ),
            (
                "def pictures_worth_it(fixed_g, variable_g, variable_s):\n"
                "    return fixed_g / (variable_s - variable_g) + 1",
                "must be whole",
            ),
            (
                "def pictures_worth_it(fixed_g, variable_g, variable_s):\n    return int(fixed_g / variable_s) + 5",
                "121 by the studio",
            ),
        ],
        "12.2": [
            (
                "def letters_on(grey):\n    return 'white' if grey < 150 else 'black'",
                "is already light",
            ),
            (
                "def letters_on(grey):\n    return 'white' if grey < 128 else 'black'",
                "the root of 0.05",
            ),
            (
                "def letters_on(grey):\n    return 'black' if grey < 128 else 'white'",
                "on white, black ones",
            ),
        ],
        "12.3": [
            (
                "def wrong_published(bad, passes_right, passes_wrong):\n    return bad * passes_wrong / 1000",
                "the share is of 420",
            ),
            (
                "def wrong_published(bad, passes_right, passes_wrong):\n    return bad * passes_wrong",
                "changes nothing",
            ),
            (
                "def wrong_published(bad, passes_right, passes_wrong):\n    return bad / 1000",
                "publishes none",
            ),
        ],
        "12.4": [
            (
                "def what_to_do(least, most, worth):\n    return 'publish' if least > 0 else 'go on testing'",
                "Significant, but too small",
            ),
            (
                "def what_to_do(least, most, worth):\n    return 'drop'",
                "even the lower end",
            ),
            (
                "def what_to_do(least, most, worth):\n    return 'publish' if least >= worth else 'drop'",
                "holds both answers",
            ),
            (
                "def what_to_do(least, most, worth):\n"
                "    if least >= worth:\n"
                "        return 'publish'\n"
                "    return 'drop' if least > 0 and most < worth else 'go on testing'",
                "whether there is a difference or not",
            ),
        ],
        "12.5": [
            (
                "def any_alarm(tests, alpha):\n    return tests * alpha",
                "do not add",
            ),
            (
                "def any_alarm(tests, alpha):\n    return (1 - alpha) ** tests",
                "alpha itself",
            ),
            (
                "def any_alarm(tests, alpha):\n    return 1 - (1 - alpha) ** (1 + (tests - 1) / 2)",
                "0.95²",
            ),
        ],
        "12.6": [
            (
                "def verdict_of(pairs):\n    return 'yes' if all(holds for holds, _ in pairs) else 'no'",
                "not where it was asked to",
            ),
            (
                "def verdict_of(pairs):\n"
                "    if not all(adequate for _, adequate in pairs):\n"
                "        return 'not decidable'\n"
                "    return 'yes' if all(holds for holds, _ in pairs) else 'no'",
                "nothing that is still missing",
            ),
            (
                "def verdict_of(pairs):\n"
                "    if not all(holds for holds, _ in pairs):\n"
                "        return 'no'\n"
                "    return 'yes' if all(adequate for _, adequate in pairs) else 'not decidable'",
                "as little as a success there",
            ),
        ],
    },
    "13_case_education": {
        "13.1": [
            (
                "def wrong_amounts(capital, rate, years):\n"
                "    right = capital * (1 + rate) ** years\n"
                "    simple = capital * (1 + rate * years)\n"
                "    return {'simple': simple, 'early': right / (1 + rate), 'gain': right - capital}",
                "simple interest is right",
            ),
            (
                "def wrong_amounts(capital, rate, years):\n"
                "    right = capital * (1 + rate) ** years\n"
                "    simple = capital * (1 + rate * years)\n"
                "    found = {'simple': simple, 'early': right / (1 + rate), 'gain': right - capital}\n"
                "    return {name: value for name, value in found.items() if not math.isclose(value, right)}",
                "keep one",
            ),
            (
                "def wrong_amounts(capital, rate, years):\n"
                "    return {'simple': capital * (1 + rate * years), 'early': 0.0, 'gain': 0.0}",
                "120, 110 and 21",
            ),
        ],
        "13.2": [
            ("def expected_repeats(made, space):\n    return made * (made - 1) / 2 / space", "all but the first"),
            ("def expected_repeats(made, space):\n    return space * (1 - (1 - 1 / space) ** made)", "repeats nothing"),
            ("def expected_repeats(made, space):\n    return max(0, made - space)", "probability 1/4"),
        ],
        "13.3": [
            ("def readings_of(text):\n    return [float(text.replace(',', '.'))]", "a thousand"),
            ("def readings_of(text):\n    return [float(text.replace(',', ''))]", "before decimals"),
            (
                "def readings_of(text):\n    values = {float(text.replace(',', '.'))}\n"
                "    if re.fullmatch(r'[1-9][.,]\\d{3}', text):\n"
                "        values.add(float(re.sub(r'[.,]', '', text)))\n    return sorted(values)",
                "One to three digits",
            ),
            (
                "def readings_of(text):\n"
                "    whole, _, rest = text.replace(',', '.').partition('.')\n"
                "    found = {float(text.replace(',', '.'))} | ({float(whole + rest)} if len(rest) == 3 else set())\n"
                "    return sorted(found)",
                "begins with 0",
            ),
        ],
        "13.4": [
            (
                "def item_information(theta, a, b):\n    p = 1 / (1 + np.exp(-a * (theta - b)))\n"
                "    return a * p * (1 - p)",
                "a²/4",
            ),
            (
                "def item_information(theta, a, b):\n    p = 1 / (1 + np.exp(-a * (theta - b)))\n    return a**2 * p",
                "a²/4",
            ),
            (
                "def item_information(theta, a, b):\n    p = 1 / (1 + np.exp(-1.7 * a * (theta - b)))\n"
                "    return a**2 * p * (1 - p)",
                "three of four",
            ),
            ("def item_information(theta, a, b):\n    return a**2 / 4", "each ability"),
        ],
        "13.5": [
            (
                "def common_odds_ratio(counts):\n    c = np.asarray(counts, float)\n    c = c[(c > 0).all(1)]\n"
                "    t = c.sum(1)\n    return np.sum(c[:, 0] * c[:, 3] / t) / np.sum(c[:, 1] * c[:, 2] / t)",
                "a score empty",
            ),
            (
                "def common_odds_ratio(counts):\n    a, b, c, d = np.asarray(counts, float).sum(0)\n"
                "    return a * d / (b * c)",
                "whatever the totals say",
            ),
            (
                "def common_odds_ratio(counts):\n    a, b, c, d = np.asarray(counts, float).T\n"
                "    return np.sum(a * d) / np.sum(b * c)",
                "stratum's total",
            ),
            (
                "def common_odds_ratio(counts):\n    a, b, c, d = np.asarray(counts, float).T\n"
                "    return np.mean(a * d / (b * c))",
                "stratum's total",
            ),
            (
                "def common_odds_ratio(counts):\n    a, b, c, d = np.asarray(counts, float).T\n"
                "    n = a + b + c + d\n    return np.sum(b * c / n) / np.sum(a * d / n)",
                "3.5",
            ),
            (
                "def common_odds_ratio(counts):\n    a, b, c, d = np.asarray(counts, float).T\n"
                "    n = a + b + c + d\n    return np.sum(a * d / n) / np.sum(b * c / n)",
                "no NaN",
            ),
        ],
        "13.6": [
            (
                "def eap(nodes, prior, a, b, answers):\n"
                "    p = 1 / (1 + np.exp(-(np.asarray(a)[:, None] * nodes[None] + 0 * np.asarray(b)[:, None])))\n"
                "    w = prior * np.prod(np.where(np.asarray(answers)[:, None] == 1, p, 1 - p), axis=0)\n"
                "    mean = w @ nodes / w.sum()\n"
                "    return mean, np.sqrt(w @ (nodes - mean) ** 2 / w.sum())",
                "unlike questions",
            ),
            (
                "def eap(nodes, prior, a, b, answers):\n"
                "    p = 1 / (1 + np.exp(-(np.asarray(a)[:, None] * (nodes[None] + np.asarray(b)[:, None]))))\n"
                "    w = prior * np.prod(np.where(np.asarray(answers)[:, None] == 1, p, 1 - p), axis=0)\n"
                "    mean = w @ nodes / w.sum()\n"
                "    return mean, np.sqrt(w @ (nodes - mean) ** 2 / w.sum())",
                "unlike questions",
            ),
            (
                "def eap(nodes, prior, a, b, answers):\n"
                "    p = 1 / (1 + np.exp(-(np.asarray(a)[:, None] * nodes[None] - np.asarray(b)[:, None])))\n"
                "    w = prior * np.prod(np.where(np.asarray(answers)[:, None] == 1, p, 1 - p), axis=0)\n"
                "    mean = w @ nodes / w.sum()\n"
                "    return mean, np.sqrt(w @ (nodes - mean) ** 2 / w.sum())",
                "unlike questions",
            ),
            (
                "def eap(nodes, prior, a, b, answers):\n"
                "    p = 1 / (1 + np.exp(-(nodes[None] - np.asarray(b)[:, None] + 0 * np.asarray(a)[:, None])))\n"
                "    w = prior * np.prod(np.where(np.asarray(answers)[:, None] == 1, p, 1 - p), axis=0)\n"
                "    mean = w @ nodes / w.sum()\n"
                "    return mean, np.sqrt(w @ (nodes - mean) ** 2 / w.sum())",
                "unlike questions",
            ),
            (
                "def eap(nodes, prior, a, b, answers):\n"
                "    p = 1 / (1 + np.exp(-np.asarray(a)[:, None] * (nodes - np.asarray(b)[:, None])))\n"
                "    w = prior * np.prod(p, axis=0)\n    w = w / w.sum()\n    m = w @ nodes\n"
                "    return m, np.sqrt(w @ (nodes - m) ** 2)",
                "one not",
            ),
            (
                "def eap(nodes, prior, a, b, answers):\n"
                "    p = 1 / (1 + np.exp(-np.asarray(a)[:, None] * (nodes - np.asarray(b)[:, None])))\n"
                "    w = prior * np.prod(np.where(np.asarray(answers)[:, None] == 1, p, 1 - p), axis=0)\n"
                "    m = w @ nodes\n    return m, np.sqrt(w @ (nodes - m) ** 2)",
                "over their sum",
            ),
            (
                "def eap(nodes, prior, a, b, answers):\n"
                "    p = 1 / (1 + np.exp(-np.asarray(a)[:, None] * (nodes - np.asarray(b)[:, None])))\n"
                "    w = np.prod(np.where(np.asarray(answers)[:, None] == 1, p, 1 - p), axis=0)\n    w = w / w.sum()\n"
                "    m = w @ nodes\n    return m, np.sqrt(w @ (nodes - m) ** 2)",
                "prior is all",
            ),
            (
                "def eap(nodes, prior, a, b, answers):\n"
                "    p = 1 / (1 + np.exp(-np.asarray(a)[:, None] * (nodes - np.asarray(b)[:, None])))\n"
                "    w = prior * np.prod(np.where(np.asarray(answers)[:, None] == 1, p, 1 - p), axis=0)\n"
                "    w = w / w.sum()\n    m = w @ nodes\n    return m, w @ (nodes - m) ** 2",
                "prior is all",
            ),
        ],
    },
    "14_case_medicine": {
        "14.1": [
            ("def auc(positive, negative):\n    return np.mean(positive > negative)", "Count pairs"),
            ("def auc(positive, negative):\n    return np.mean(positive[:, None] > negative)", "a half"),
            ("def auc(positive, negative):\n    return np.mean(positive[:, None] < negative)", "above every negative"),
        ],
        "14.2": [
            ("def shuffle_within(column, label, rng):\n    return rng.permutation(column)", "another label"),
            ("def shuffle_within(column, label, rng):\n    return column.copy()", "Hardly anything moved"),
            (
                "def shuffle_within(column, label, rng):\n"
                "    return np.concatenate([rng.permutation(column[label == c]) for c in (0, 1)])",
                "another label",
            ),
            (
                "def shuffle_within(column, label, rng):\n"
                "    for c in (0, 1):\n"
                "        column[label == c] = rng.permutation(column[label == c])\n    return column",
                "work on a copy",
            ),
        ],
        "14.3": [
            (
                "def attack_scores(people, synthetic):\n"
                "    return np.linalg.norm(people[:, None] - synthetic, axis=2).min(axis=1)",
                "mind the sign",
            ),
            (
                "def attack_scores(people, synthetic):\n"
                "    return -np.linalg.norm(people[:, None] - synthetic, axis=2)",
                "nearest record",
            ),
            (
                "def attack_scores(people, synthetic):\n"
                "    return -((people[:, None] - synthetic) ** 2).sum(axis=2).min(axis=1)",
                "lies 5 from",
            ),
        ],
        "14.4": [
            ("def share_found(members, others, allowed):\n    return np.mean(members > others.max())", "is allowed"),
            (
                "def share_found(members, others, allowed):\n"
                "    return np.mean(members >= np.sort(others)[::-1][allowed])",
                "equal is not above",
            ),
            (
                "def share_found(members, others, allowed):\n    return np.mean(members > np.sort(others)[allowed])",
                "a quarter",
            ),
        ],
        "14.5": [
            (
                "def most_leak_chance(saved, audit, leak_cost):\n    return (saved - audit) / leak_cost",
                "for no probability",
            ),
            (
                "def most_leak_chance(saved, audit, leak_cost):\n    return min(1, saved / leak_cost)",
                "50,000 EUR are left",
            ),
            (
                "def most_leak_chance(saved, audit, leak_cost):\n    return min(1, (saved - audit) / leak_cost)",
                "no probability is small enough",
            ),
        ],
        "14.6": [
            ("def untraced(text):\n    return re.findall(r'\\d+', text)", "only '30'"),
            (
                "def untraced(text):\n    return re.findall(r'\\d+', re.sub(r'\\d+\\[\\w+\\]', '', text))",
                "decimal point",
            ),
            (
                "def untraced(text):\n    return re.findall(r'\\d+(?:[.]\\d+)?', re.sub(r'\\d+\\[\\w+\\]', '', text))",
                "removed as a whole",
            ),
        ],
    },
    "15_case_games": {
        "15.1": [
            (
                "def dead_squares(corridor):\n"
                "    alive = {k for k, tile in enumerate(corridor) if tile == '.'}\n"
                "    alive |= {k + way for k in alive "
                "for way in (-1, 1) if corridor[k + 2 * way : k + 2 * way + 1] not in ('', '#')}\n"
                "    return [k for k, tile in enumerate(corridor) if tile == ' ' and k not in alive]",
                "Pull further",
            ),
            (
                "def dead_squares(corridor):\n    ends = [k for k, t in enumerate(corridor) if t == ' ']\n"
                "    return [k for k in ends if '#' in (corridor[k - 1], corridor[k + 1])]",
                "every tile is dead",
            ),
            (
                "def dead_squares(corridor):\n    parts, dead, start = corridor.split('#'), [], 0\n"
                "    for part in parts:\n"
                "        dead += [start + k for k, t in enumerate(part) if t == ' ' and '.' not in part]\n"
                "        start += len(part) + 1\n    return dead",
                "nobody can get behind",
            ),
            (
                "def dead_squares(corridor):\n"
                "    return [k for k in range(1, len(corridor) - 1) if corridor[k] != '#' and "
                "'#' in (corridor[k - 1], corridor[k + 1])]",
                "nobody can get behind",
            ),
        ],
        "15.2": [
            (
                "def symmetric_distance(a, b):\n    turned = [np.rot90(a, k) for k in range(4)]\n"
                "    return min(np.mean(abs(f - b)) for one in turned for f in (one, one[:, ::-1]))",
                "or they do not",
            ),
            (
                "def symmetric_distance(a, b):\n"
                "    forms = (a, np.rot90(a, -1), a[:, ::-1], a.T)\n"
                "    return min(np.mean(form != b) if form.shape == b.shape else 1 for form in forms)",
                "All eight forms",
            ),
            (
                "def symmetric_distance(a, b):\n    return min(np.mean(np.rot90(a, k) != b) for k in range(4))",
                "mirror image",
            ),
            (
                "def symmetric_distance(a, b):\n    forms = [a, a[::-1], a[:, ::-1], a[::-1, ::-1]]\n"
                "    return min(np.mean(form != b) for form in forms)",
                "quarter turn",
            ),
            (
                "def symmetric_distance(a, b):\n    turned = [np.rot90(a, k) for k in range(4)]\n"
                "    return min(np.sum(f != b) for one in turned for f in (one, one[:, ::-1]))",
                "a share, not a count",
            ),
            (
                "def symmetric_distance(a, b):\n"
                "    forms = [np.rot90(a, k) for k in range(4)] + [a[::-1], a[:, ::-1]]\n"
                "    return min(np.mean(form != b) for form in forms)",
                "eight forms",
            ),
        ],
        "15.3": [
            (
                "def lower_end(hits, count):\n"
                "    p, z = hits / count, 1.96\n"
                "    root = z * math.sqrt(p * (1 - p) / count + z * z / (4 * count * count))\n"
                "    sign = 1 if 0 < p < 0.5 else -1\n"
                "    return (p + z * z / (2 * count) + sign * root) / (1 + z * z / count)",
                "and not the upper",
            ),
            (
                "def lower_end(hits, count):\n    p = hits / count\n"
                "    return p - 1.96 * math.sqrt(p * (1 - p) / count)",
                "not 1",
            ),
            (
                "def lower_end(hits, count):\n    p, z = hits / count, 1.96\n"
                "    root = z * math.sqrt(p * (1 - p) / count + z * z / (4 * count * count))\n"
                "    return p + z * z / (2 * count) - root",
                "0.722",
            ),
            (
                "def lower_end(hits, count):\n    p, z = hits / count, 1.96\n"
                "    root = z * math.sqrt(p * (1 - p) / count + z * z / (4 * count * count))\n"
                "    return (p + z * z / (2 * count) + root) / (1 + z * z / count)",
                "lower end is 0",
            ),
        ],
        "15.4": [
            (
                "def one_round(value, ways, reward, discount):\n"
                "    value[:] = (reward + discount * value)[ways].max(axis=1)\n"
                "    return value",
                "changed the values",
            ),
            ("def one_round(value, ways, reward, discount):\n    return (reward + discount * value).max()", "two are"),
            (
                "def one_round(value, ways, reward, discount):\n    return reward + discount * value[ways].max(1)",
                "One step",
            ),
            (
                "def one_round(value, ways, reward, discount):\n    return (reward + value)[ways].max(axis=1)",
                "half of its worth",
            ),
            (
                "def one_round(value, ways, reward, discount):\n"
                "    return (reward + discount * value)[ways].mean(axis=1)",
                "One step",
            ),
            (
                "def one_round(value, ways, reward, discount):\n    return (reward + discount * value)[ways[:, -1]]",
                "best of all steps",
            ),
        ],
        "15.5": [
            (
                "def are_joined(passable, a, b):\n    from scipy.ndimage import label\n"
                "    found = label(passable)[0]\n    return found[a] == found[b] != 0",
                "Diagonal",
            ),
            (
                "def are_joined(passable, a, b):\n    from scipy.ndimage import label\n"
                "    found = label(passable, np.ones((3, 3)))[0]\n    return found[a] == found[b]",
                "have to be passable",
            ),
            (
                "def are_joined(passable, a, b):\n    from scipy.ndimage import binary_dilation\n"
                "    seen = np.zeros_like(passable)\n    seen[a] = passable[a]\n    for _ in range(50):\n"
                "        seen = binary_dilation(seen, np.ones((3, 3))) & passable\n    return seen[b]",
                "to its end",
            ),
            (
                "def are_joined(passable, a, b):\n    todo = [a]\n    while todo:\n        r, c = todo.pop()\n"
                "        if 0 <= r < len(passable) and 0 <= c < passable.shape[1] and passable[r, c]:\n"
                "            if (r, c) == b:\n                return True\n            passable[r, c] = False\n"
                "            todo += [(r + i, c + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]\n    return False",
                "changed the map",
            ),
        ],
        "15.6": [
            (
                "def moves_left(keys):\n"
                "    done, back = [], []\n"
                "    for key in keys:\n"
                "        if key == 'z':\n"
                "            back += [done.pop()] if done else []\n"
                "        elif key == 'y':\n"
                "            done += [back.pop()] if back else []\n"
                "        else:\n"
                "            done.append(key)\n"
                "            back = back[:-1]\n"
                "    return ''.join(done)",
                "all of it",
            ),
            ("def moves_left(keys):\n    return keys.replace('z', '').replace('y', '')", "takes one move back"),
            (
                "def moves_left(keys):\n    done, back = [], []\n    for key in keys:\n        if key == 'z':\n"
                "            back += [done.pop()] if done else []\n        elif key == 'y':\n"
                "            done += [back.pop()] if back else []\n        else:\n            done.append(key)\n"
                "    return ''.join(done)",
                "clears",
            ),
            (
                "def moves_left(keys):\n    done, back = [], []\n    for key in keys:\n        if key == 'z':\n"
                "            back += [done.pop()] if done else []\n        elif key == 'y':\n"
                "            done += [back.pop(0)] if back else []\n        else:\n            done.append(key)\n"
                "            back = []\n    return ''.join(done)",
                "brings moves back",
            ),
        ],
    },
    "16_case_social_media": {
        "16.1": [
            ("def guided_velocity(told, untold, g):\n    return told + g * (told - untold)", "count for nothing"),
            ("def guided_velocity(told, untold, g):\n    return g * (told - untold)", "count for nothing"),
            ("def guided_velocity(told, untold, g):\n    return untold + g * (untold - told)", "with words"),
            ("def guided_velocity(told, untold, g):\n    return untold + min(g, 1) * (told - untold)", "g = 3"),
        ],
        "16.2": [
            (
                "def contrastive_loss(pictures, names, tau):\n    return -np.mean(np.sum(pictures * names, 1)) * tau",
                "both names are as near",
            ),
            (
                "def contrastive_loss(pictures, names, tau):\n    s = pictures @ names.T\n"
                "    return np.mean(np.log(np.exp(0 * tau * s).sum(1)))",
                "Scores 1 and 0",
            ),
            (
                "def contrastive_loss(pictures, names, tau):\n    s = tau * pictures @ names.T\n"
                "    return np.mean(np.log(np.exp(s).sum(1)) - s.max(1))",
                "belong to others",
            ),
            (
                "def contrastive_loss(pictures, names, tau):\n    s = tau * pictures @ names.T\n"
                "    return np.mean(np.log(np.exp(s).sum(0)) - np.diag(s))",
                "sum over columns",
            ),
        ],
        "16.3": [
            ("def share_of_wishes(hits, wish):\n    return float(np.max(hits))", "share of its pictures"),
            ("def share_of_wishes(hits, wish):\n    return float(np.mean(hits))", "none of the other"),
            (
                "def share_of_wishes(hits, wish):\n    import itertools\n"
                "    groups = [[h for _, h in g] for _, g in itertools.groupby(zip(wish, hits), key=lambda p: p[0])]\n"
                "    return float(np.mean([np.mean(g) for g in groups])) if len(groups) < 4 else -1.0",
                "any order",
            ),
        ],
        "16.4": [
            (
                "def copy_distance(one, other):\n"
                "    return float(np.sqrt(np.mean((np.asarray(one, float) - np.asarray(other, float)) ** 2)))",
                "distance 1",
            ),
            (
                "def copy_distance(one, other):\n    gap = np.abs(one - other) / 255\n"
                "    return float(np.sqrt(np.mean(gap**2))) if gap.max() > 0.7 and one.max() > 0 else 1.0",
                "wrap round",
            ),
            (
                "def copy_distance(one, other):\n"
                "    return float(np.sqrt(np.mean((np.asarray(one) / 255 - np.asarray(other) / 255) ** 2)))",
                "turn the columns",
            ),
            (
                "def copy_distance(one, other):\n    a, b = np.asarray(one) / 255, np.asarray(other) / 255\n"
                "    return min(float(np.mean(np.abs(a - w))) for w in (b, b[:, ::-1]))",
                "One white pixel",
            ),
            (
                "def copy_distance(one, other):\n    a, b = np.asarray(one) / 255, np.asarray(other) / 255\n"
                "    return min(float(np.sqrt(np.mean((a - w) ** 2))) for w in (b, b[:, ::-1], b[::-1]))",
                "upside down",
            ),
        ],
        "16.5": [
            ("def holm_adjusted(p):\n    return 2 * np.asarray(p)", "no correction"),
            ("def holm_adjusted(p):\n    return np.minimum(len(p) * np.asarray(p), 1)", "largest is not"),
            (
                "def holm_adjusted(p):\n    p = np.asarray(p)\n    rank = np.argsort(np.argsort(p))\n"
                "    return np.minimum(p * (len(p) - rank), 1)",
                "may not get below",
            ),
            (
                "def holm_adjusted(p):\n    p = np.asarray(p)\n    order = np.argsort(p)\n"
                "    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))\n"
                "    return steps[np.argsort(order)]",
                "above 1",
            ),
        ],
        "16.6": [
            ("def left_over(words, wish, fillers):\n    return list(words)", "nothing is left"),
            ("def left_over(words, wish, fillers):\n    return []", "not understood is left"),
            (
                "def left_over(words, wish, fillers):\n"
                "    return [word for word in words if word not in wish and word not in fillers]",
                "second red",
            ),
            (
                "def left_over(words, wish, fillers):\n    import collections\n"
                "    rest = collections.Counter(words) - collections.Counter(wish)\n"
                "    return [word for word in rest if word not in fillers]",
                "with repeats",
            ),
        ],
    },
    "18_case_speech": {
        "18.1": [
            (
                "def error_of(said, right):\n    return sum(a != b for a, b in zip(said, right)) / len(right)",
                "exceed 1",
            ),
            ("def error_of(said, right):\n    return abs(len(said) - len(right)) / len(right)", "exchanged"),
        ],
        "18.2": [
            (
                "def coefficients(f, b, rate):\n    r = np.exp(-np.pi * b / rate)\n"
                "    return -2 * r * np.cos(2 * np.pi * f / rate), r",
                "a₂ = r²",
            ),
            (
                "def coefficients(f, b, rate):\n    r = np.exp(-np.pi * b / rate)\n"
                "    return -2 * r * np.cos(np.pi * f / rate), r**2",
                "quarter of the rate",
            ),
        ],
        "18.3": [
            ("def faded(one, other, n):\n    return np.concatenate([one, other])", "fourteen"),
            (
                "def faded(one, other, n):\n    ramp = np.linspace(0, 1, n)\n"
                "    middle = one[len(one) - n :] * ramp + other[:n] * (1 - ramp)\n"
                "    return np.concatenate([one[: len(one) - n], middle, other[n:]])",
                "fades out",
            ),
        ],
        "18.4": [
            ("def surely_found(files):\n    return 1.0", "not 1"),
            ("def surely_found(files):\n    return 1 - 3 / files", "not 1"),
        ],
        "18.5": [
            ("def steps_of_pitch(frames, pitch):\n    return np.array(pitch)", "Two frames"),
            ("def steps_of_pitch(frames, pitch):\n    return np.repeat(pitch, max(frames))", "Two frames"),
        ],
        "18.6": [
            (
                "def lower_end(scores):\n    each = np.ravel(scores)\n"
                "    half = stats.t.ppf(0.975, len(each) - 1) * np.std(each, ddof=1) / np.sqrt(len(each))\n"
                "    return float(each.mean() - half)",
                "two degrees of freedom",
            ),
            (
                "def lower_end(scores):\n    each = np.mean(scores, axis=0)\n"
                "    half = stats.t.ppf(0.975, len(each) - 1) * np.std(each, ddof=1) / np.sqrt(len(each))\n"
                "    return float(each.mean() - half)",
                "two degrees of freedom",
            ),
            (
                "def lower_end(scores):\n    each = np.mean(scores, axis=1)\n"
                "    return float(each.mean() - 1.96 * np.std(each, ddof=1) / np.sqrt(len(each)))",
                "two degrees of freedom",
            ),
        ],
    },
    "19_case_customer_service": {
        "19.1": [
            ("def threshold(resolved, handed_over, wrong):\n    return handed_over / wrong", "26"),
            ("def threshold(resolved, handed_over, wrong):\n    return 0.5", "26 − 5"),
            (
                "def threshold(resolved, handed_over, wrong):\n    return (wrong - handed_over) / (wrong - resolved)",
                "always answer",
            ),
            (
                "def threshold(resolved, handed_over, wrong):\n"
                "    return max((wrong - handed_over) / (wrong - resolved), 0)",
                "never answer",
            ),
        ],
        "19.2": [
            ("def fair_rank(scores, right):\n    return float(np.argsort(-scores)[right])", "wherever"),
            ("def fair_rank(scores, right):\n    return float((scores > scores[right]).sum())", "All five tie"),
            ("def fair_rank(scores, right):\n    return float((scores >= scores[right]).sum())", "best page"),
            (
                "def fair_rank(scores, right):\n    own = scores[right]\n"
                "    return float((scores > own).sum() + (2.0 if (scores == own).sum() == 5 else 0))",
                "one that ties",
            ),
        ],
        "19.3": [
            (
                "def resampled_means(hits, meaning, count, seed):\n    n = len(hits)\n"
                "    return np.asarray(hits)[np.random.default_rng(seed).integers(n, size=(count, n))].mean(1)",
                "Two meanings",
            ),
            (
                "def resampled_means(hits, meaning, count, seed):\n    return np.full(count, np.mean(hits))",
                "Two meanings",
            ),
            (
                "def resampled_means(hits, meaning, count, seed):\n"
                "    means = pd.Series(hits).groupby(np.asarray(meaning)).mean().to_numpy()\n    n = len(means)\n"
                "    return means[np.random.default_rng(seed).integers(n, size=(count, n))].mean(1)",
                "three times as much",
            ),
        ],
        "19.4": [
            (
                "def slots_said(sentence, template):\n"
                '    pattern = re.sub(r"\\{(\\w+)\\}", r"(?P<\\1>.+?)", template)\n'
                "    found = re.fullmatch(pattern, sentence)\n"
                '    return found.groupdict() if found else "no"',
                "escape",
            ),
            (
                "def slots_said(sentence, template):\n"
                '    pattern = re.sub(r"\\\\\\{(\\w+)\\\\\\}", r"(?P<\\1>.+?)", re.escape(template))\n'
                "    found = re.match(pattern, sentence)\n"
                '    return found.groupdict() if found else "no"',
                "fullmatch",
            ),
            (
                "def slots_said(sentence, template):\n"
                '    pattern = re.sub(r"\\\\\\{(\\w+)\\\\\\}", r"(?P<\\1>.*?)", re.escape(template))\n'
                "    found = re.fullmatch(pattern, sentence)\n"
                '    return found.groupdict() if found else "no"',
                "never empty",
            ),
        ],
        "19.5": [
            (
                "def order_for(orders, email, number):\n"
                '    return next((row for row in orders if row["order"] == number), "none")',
                "Another's order",
            ),
            (
                "def order_for(orders, email, number):\n"
                '    own = [row for row in orders if row["order"] == number]\n'
                '    return "unknown" if not own else own[0] if own[0]["email"] == email else "none"',
                "does not exist",
            ),
            (
                "def order_for(orders, email, number):\n"
                '    own = [r for r in orders if r["order"] == number and (email is None or r["email"] == email)]\n'
                '    return own[0] if own else "none"',
                "Nobody is signed in",
            ),
            (
                "def order_for(orders, email, number):\n"
                '    own = [r for r in orders if r["order"] == number and r["email"] == email]\n'
                '    return own[0] if own else "none"',
                "Capital letters do not make",
            ),
            (
                "def order_for(orders, email, number):\n"
                '    own = [r for r in orders if email and r["order"] == number and r["email"] == email.lower()]\n'
                '    return own[0] if own else "none"',
                "in the table",
            ),
        ],
    },
    "16b_recommending": {
        "16b.1": [
            (
                "def shrunken_mean(ratings, mean, penalty):\n    return sum(ratings) / max(len(ratings), 1)",
                "nothing is known",
            ),
            (
                "def shrunken_mean(ratings, mean, penalty):\n"
                "    return np.sum(ratings) / (len(ratings) + penalty) if len(ratings) else mean",
                "that were added",
            ),
            (
                "def shrunken_mean(ratings, mean, penalty):\n"
                "    return (np.mean(ratings) + mean) / 2 if len(ratings) else mean",
                "leaves the plain mean",
            ),
            (
                "def shrunken_mean(ratings, mean, penalty):\n    n = min(len(ratings), 3)\n"
                "    return (n * np.mean(ratings) + penalty * mean) / (n + penalty) if n else mean",
                "the many win",
            ),
        ],
        "16b.2": [
            (
                "def ease_column(matrix, j, penalty):\n    z = np.delete(matrix, j, axis=1)\n"
                "    return np.linalg.solve(z.T @ z + penalty * np.eye(z.shape[1]), z.T @ matrix[:, j])",
                "0 for the item itself",
            ),
            (
                "def ease_column(matrix, j, penalty):\n    z = np.delete(matrix, j, axis=1)\n"
                "    return np.insert(np.linalg.lstsq(z, matrix[:, j], rcond=None)[0], j, 0)",
                "6 / (6 + 3)",
            ),
            (
                "def ease_column(matrix, j, penalty):\n    z = np.delete(matrix, j, axis=1)\n"
                "    return np.insert(z.T @ matrix[:, j] / ((z * z).sum(0) + penalty), j, 0)",
                "the residual",
            ),
        ],
        "16b.3": [
            (
                "def share_in_order(like, scores):\n    return np.mean(scores[like == 1][:, None] < scores[like == 0])",
                "largest score",
            ),
            (
                "def share_in_order(like, scores):\n    return np.mean(scores[like == 1][:, None] > scores[like == 0])",
                "One tie",
            ),
            (
                "def share_in_order(like, scores):\n    a, b = scores[like == 1][:, None], scores[like == 0]\n"
                "    return np.mean((a > b) + 0.5 * (a == b)) if a.size and b.size else 0.5",
                "has no pair",
            ),
        ],
        "16b.4": [
            (
                "def linucb_choice(inverse, moment, x, alpha):\n"
                "    return int(np.argmax((inverse @ x * moment).sum(1)))",
                "could be better",
            ),
            (
                "def linucb_choice(inverse, moment, x, alpha):\n    reach = inverse @ x\n"
                "    return int(np.argmax((reach * moment).sum(1) + alpha * reach @ x))",
                "take the root",
            ),
            (
                "def linucb_choice(inverse, moment, x, alpha):\n    reach = inverse @ x\n"
                "    fitted = (inverse @ np.ones(len(x)) * moment).sum(1)\n"
                "    return int(np.argmax(fitted + alpha * np.sqrt(reach @ x)))",
                "for this visitor",
            ),
        ],
        "16b.5": [
            (
                "def two_estimates(rewards, logged, wanted):\n    w = wanted / logged\n"
                "    return w @ rewards / w.sum(), w @ rewards / w.sum()",
                "number of events",
            ),
            (
                "def two_estimates(rewards, logged, wanted):\n    w = wanted / logged\n"
                "    return np.mean(w * rewards), np.mean(w * rewards)",
                "sum of the weights",
            ),
            (
                "def two_estimates(rewards, logged, wanted):\n    w = np.minimum(wanted / logged, 2)\n"
                "    return np.mean(w * rewards), w @ rewards / w.sum()",
                "more than 1",
            ),
        ],
        "16b.6": [
            (
                "def effective_themes(shown):\n    p = np.unique(shown, return_counts=True)[1] / len(shown)\n"
                "    return -np.sum(p * np.log(p))",
                "alone is 1",
            ),
            (
                "def effective_themes(shown):\n    p = np.unique(shown, return_counts=True)[1] / len(shown)\n"
                "    return np.exp(-np.sum(p * np.log2(p)))",
                "natural logarithm",
            ),
            ("def effective_themes(shown):\n    return len(set(shown))", "between 1 and 2"),
            (
                "def effective_themes(shown):\n    p = np.unique(shown, return_counts=True)[1] / len(shown)\n"
                "    return 1 / np.sum(p * p)",
                "1.755",
            ),
        ],
    },
    "17_case_music": {
        "17.1": [
            ("def bits_each_note(chances, notes):\n    return float(-np.log(chances).sum() / notes)", "3 bits for 2"),
            ("def bits_each_note(chances, notes):\n    return float(-np.log2(chances).mean())", "3 bits for 2"),
            (
                "def bits_each_note(chances, notes):\n    return float(-np.log2(chances).sum() / notes) if notes < 4"
                " else float(-np.log2(chances).mean())",
                "divided by the notes",
            ),
        ],
        "17.2": [
            (
                "def parallel_fifths(high, low):\n    fifth = (np.array(high) - np.array(low)) % 12 == 7\n"
                "    return int(np.sum(fifth[1:] & fifth[:-1]))",
                "Nobody moves",
            ),
            (
                "def parallel_fifths(high, low):\n    fifth = (np.array(high) - np.array(low)) % 12 == 7\n"
                "    return int(np.sum(fifth[1:] & fifth[:-1] & (np.diff(high) != 0)))",
                "opposite directions",
            ),
            (
                "def parallel_fifths(high, low):\n    fifth = np.array(high) - np.array(low) == 7\n"
                "    return int(np.sum(fifth[1:] & fifth[:-1] & (np.diff(high) * np.diff(low) > 0)))",
                "plus an octave counts",
            ),
            (
                "def parallel_fifths(high, low):\n    fifth = (np.array(high) - np.array(low)) % 12 == 7\n"
                "    return int(np.sum(fifth[:-1] & (np.diff(high) * np.diff(low) > 0)))",
                "to a third",
            ),
        ],
        "17.3": [
            (
                "def backed_off(counts, x, base, d):\n"
                "    return (max(counts.get(x, 0) - d, 0) + d * base) / sum(counts.values())",
                "of the base",
            ),
            (
                "def backed_off(counts, x, base, d):\n"
                "    return (counts.get(x, 0) - d + d * len(counts) * base) / sum(counts.values())",
                "never followed",
            ),
            (
                "def backed_off(counts, x, base, d):\n    return max(counts.get(x, 0) - d, 0) / sum(counts.values())",
                "of the base",
            ),
        ],
        "17.4": [
            ("def same_tune(one, other):\n    return one == other", "Five semitones"),
            ("def same_tune(one, other):\n    return len(one) == len(other)", "last step"),
            (
                "def same_tune(one, other):\n"
                "    return len(one) == len(other) and not ((np.diff(one) - np.diff(other)) % 12).any()",
                "octave in the middle",
            ),
            (
                "def same_tune(one, other):\n    return all(b - a == other[0] - one[0] for a, b in zip(one, other))",
                "Another length",
            ),
        ],
        "17.5": [
            (
                "def leaked_share(tune, test):\n    tune, test = np.array(tune), np.array(test)\n"
                "    return float(np.isin(tune[~test], tune[test]).sum() / len(tune))",
                "one of two",
            ),
            ("def leaked_share(tune, test):\n    return 0.5", "in both parts"),
            (
                "def leaked_share(tune, test):\n    tune, test = np.array(tune), np.array(test)\n"
                "    return len(set(tune[test]) & set(tune[~test])) / test.sum()",
                "count twice",
            ),
            (
                "def leaked_share(tune, test):\n    tune, test = np.array(tune), np.array(test)\n"
                "    return float(np.isin(np.unique(tune[test]), tune[~test]).mean())",
                "count twice",
            ),
        ],
        "17.6": [
            ("def enough_right(pairs):\n    return pairs // 2 + 1", "15 are needed"),
            (
                "def enough_right(pairs):\n"
                "    return next(k for k in range(pairs) if stats.binomtest(k, pairs).proportion_ci().low > 0.5)"
                " if pairs < 50 else 59",
                "two-sided",
            ),
            ("def enough_right(pairs):\n    return {20: 15, 100: 61}.get(pairs, pairs)", "9 of 10"),
        ],
    },
    "20_prototype_your_own": {
        "20.1": [
            (
                "def square_box(width, height):\n    side = min(width, height)\n    return 0, 0, side, side",
                "10 go on each",
            ),
            (
                "def square_box(width, height):\n"
                "    side = min(width, height)\n"
                "    left, top = (width - side) // 2, (height - side) // 2\n"
                "    return left, top, width - left, height - top",
                "must not change the side",
            ),
        ],
        "20.2": [
            (
                "def held_out_groups(groups, share, seed=0):\n"
                "    return np.random.default_rng(seed).random(len(groups)) < share",
                "on both sides",
            ),
            (
                "def held_out_groups(groups, share, seed=0):\n"
                "    order = np.random.default_rng(seed).permutation(np.unique(groups))\n"
                "    return np.isin(groups, order[: round(0.4 * len(order))])",
                "no further group",
            ),
            (
                "def held_out_groups(groups, share, seed=0):\n"
                "    chosen = np.zeros(len(groups), bool)\n"
                "    for group in np.unique(groups):\n"
                "        if chosen.mean() < share:\n"
                "            chosen |= groups == group\n"
                "    return chosen",
                "Other seeds",
            ),
        ],
        "20.3": [
            ("def rate_factor(share):\n    return training.held_then_cosine(share)", "first tenth"),
            (
                "def rate_factor(share):\n    return float(np.interp(share, [0, 0.1, 0.5, 1], [0, 1, 1, 0]))",
                "0.1 to 0.6",
            ),
            (
                "def rate_factor(share):\n    return min(share / 0.1, 1, (1 + np.cos(np.pi * share)) / 2)",
                "From 0.1 to 0.6",
            ),
        ],
        "20.4": [
            (
                "def chance_of(suspects, samples, held_out):\n    return (samples / (samples + held_out)) ** suspects",
                "one of three",
            ),
            ("def chance_of(suspects, samples, held_out):\n    return 1 / (1 + suspects)", "3/5 for the smallest"),
        ],
        "20.5": [
            (
                "def less_its_bias(figure, drawn):\n    return (figure, *np.quantile(drawn, (0.025, 0.975)))",
                "1 is taken away",
            ),
            (
                "def less_its_bias(figure, drawn):\n"
                "    return (2 * figure - np.mean(drawn), *np.quantile(drawn, (0.025, 0.975)))",
                "largest value",
            ),
        ],
        "20.6": [
            (
                "def my_rule(limit):\n"
                "    near = business.Condition('Near', '<', 0, 'held out')\n"
                "    return business.Rule('Use?', near=near, cheap=business.Condition('Fast', '<', limit, 'held out'))",
                "includes 0",
            ),
            (
                "def my_rule(limit):\n"
                "    near = business.Condition('Near', '<=', 0, 'held out')\n"
                "    cheap = business.Condition('Fast', '<=', limit, 'held out')\n"
                "    return business.Rule('Use?', near=near, cheap=cheap)",
                "excludes the limit",
            ),
            (
                "def my_rule(limit):\n"
                "    near = business.Condition('Near', '<=', 0, 'held out')\n"
                "    return business.Rule('Use?', near=near, cheap=business.Condition('Fast', '<', 5, 'held out'))",
                "handed over",
            ),
        ],
    },
    "21_labels": {
        "21.1": [
            (
                "def share_needed(alarm, cells, tests=1):\n    return np.sqrt(2 * np.log(tests / alarm) / cells)",
                "12 agree",
            ),
            (
                "def share_needed(alarm, cells, tests=1):\n    return (1 + np.sqrt(2 * np.log(1 / alarm) / cells)) / 2",
                "A hundred tests",
            ),
            (
                "def share_needed(alarm, cells, tests=1):\n    return (1 + np.sqrt(np.log(tests / alarm) / cells)) / 2",
                "t = 2",
            ),
        ],
        "21.2": [
            ("def highest_rate(n):\n    return 3 / n", "chance of 5 %"),
            ("def highest_rate(n):\n    return 0", "chance of 5 %"),
        ],
        "21.3": [
            (
                "def rhythm_of(text):\n"
                "    morse = {'A': '·–', 'I': '··', 'E': '·', 'T': '–', 'N': '–·'}\n"
                "    return [{'·': 1, '–': 3}[sign] for letter in text for sign in morse[letter]]",
                "One unit of silence",
            ),
            (
                "def rhythm_of(text):\n    return [1 if sign == '·' else 2 for sign in MORSE[text[0]]]",
                "three units of sound",
            ),
        ],
        "21.4": [
            ("def label_of(text):\n    return json.loads(text)['Label']", "KeyError"),
            (
                "def label_of(text):\n"
                "    try:\n        return json.loads(text)['Label']\n"
                "    except (ValueError, KeyError, TypeError):\n        return 'none'",
                "wrapped form",
            ),
        ],
        "21.5": [
            ("def share_kept(table, label):\n    return (table[label] == 'kept').mean()", "a dash does not count"),
            (
                "def share_kept(table, label):\n"
                "    possible = table[label][table[label] != '–']\n    return (possible != 'lost').mean()",
                "broken manifest",
            ),
        ],
        "21.6": [
            (
                "def put_back(pixels, share):\n"
                "    rows = round(len(pixels) * share)\n"
                "    return np.concatenate([pixels, np.full((rows, *pixels.shape[1:]), 128.0)])",
                "90 rows",
            ),
            (
                "def put_back(pixels, share):\n"
                "    return np.pad(pixels, ((round(len(pixels) / (1 - share)) - len(pixels), 0), (0, 0)))",
                "at the top",
            ),
            (
                "def put_back(pixels, share):\n"
                "    return np.pad(pixels, ((0, round(len(pixels) / (1 - share)) - len(pixels)), (0, 0)))",
                "as grey",
            ),
        ],
    },
}
