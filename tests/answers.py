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
}
