#!/usr/bin/env python3
"""Holds the crate eval-stats against scipy and statsmodels on new random inputs.

    against_scipy.py PROGRAM ROUNDS SEED   PROGRAM answers questions, one JSON object a line (example `answers`)

Every figure must agree to 1e-9 relative; only the bootstrap, whose random numbers are its own, is held to its
sampling error. Prints one JSON object; ends with status 1 on a difference.
"""

import itertools
import json
import math
import random
import subprocess
import sys
from fractions import Fraction

import numpy as np
import statsmodels.api as sm
from scipy import optimize, stats
from statsmodels.stats import contingency_tables, inter_rater, multitest, proportion

RELATIVE = 1e-9


def main(program, rounds, seed):
    chance = random.Random(seed)
    cases = [case for _ in range(rounds) for kind in KINDS for case in kind(chance)]
    lines = "".join(json.dumps(ask) + "\n" for ask, _, _ in cases)
    answers = subprocess.run([program], input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    wrong = 0
    for (ask, want, slack), line in zip(cases, answers, strict=True):
        got, want = json.loads(line), [float(number) for number in want]
        if got is None or len(got) != len(want) or not all(map(agrees(slack), got, want)):
            wrong += 1
            print(f"{json.dumps(ask)[:400]}\n  got {got}, want {want}", file=sys.stderr)
    kinds = len({ask["ask"] for ask, _, _ in cases})
    print(json.dumps({"figures": sum(len(want) for _, want, _ in cases), "kinds": kinds, "wrong": wrong}))
    return 1 if wrong else 0


def agrees(slack):
    return lambda got, want: math.isclose(got, want, rel_tol=RELATIVE, abs_tol=slack)


def level(chance):
    return chance.choice([0.95, 0.9, 0.99, chance.uniform(0.3, 0.9999)])


def share(chance):
    n = round(10 ** chance.uniform(0, 6))
    return chance.choice([0, n, chance.randint(0, n), min(n, chance.randint(0, 9))]), n


def one_share(chance):
    (k, n), c = share(chance), level(chance)
    tail = (1 - c) / 2
    ask = {"k": k, "n": n, "confidence": c}
    yield {"ask": "wilson", **ask}, proportion.proportion_confint(k, n, 1 - c, "wilson"), 1e-15
    exact = (stats.beta.ppf(tail, k, n - k + 1) if k else 0, stats.beta.isf(tail, k + 1, n - k) if k < n else 1)
    yield {"ask": "clopper_pearson", **ask}, exact, 0
    uniform = stats.beta(k + 1, n - k + 1)
    yield {"ask": "uniform", **ask}, (uniform.ppf(tail), uniform.isf(tail)), 0
    jeffreys = stats.beta(k + 0.5, n - k + 0.5)
    yield {"ask": "jeffreys", **ask}, (jeffreys.ppf(tail) if k else 0, jeffreys.isf(tail) if k < n else 1), 0
    (k2, n2) = share(chance)
    newcombe = proportion.confint_proportions_2indep(k, n, k2, n2, "newcomb", "diff", 1 - c)
    yield {"ask": "newcombe", **ask, "k2": k2, "n2": n2}, newcombe, 1e-13


def tries(chance):
    n = chance.randint(1, 400)
    k, tries = chance.randint(0, n), chance.randint(1, n)
    at = 1 - Fraction(math.comb(n - k, tries), math.comb(n, tries))
    yield {"ask": "tries", "k": k, "n": n, "tries": tries}, (at, Fraction(math.comb(k, tries), math.comb(n, tries))), 1e-14


def paired_counts(chance):
    size = 10 ** chance.uniform(0.5, 4)
    counts = [chance.choice([0, round(chance.uniform(0, size)), round(chance.uniform(0, 9))]) for _ in range(4)]
    return counts if sum(counts) else [1, 0, 0, 0]


def paired_verdicts(chance):
    counts, c = paired_counts(chance), level(chance)
    both, b, c_only, neither = counts
    n, differing = sum(counts), b + c_only
    table = [[both, b], [c_only, neither]]
    exact = contingency_tables.mcnemar(table, exact=True).pvalue if differing else 1
    fewer = min(b, c_only)
    mid = 2 * stats.binom.cdf(fewer - 1, differing, 0.5) + stats.binom.pmf(fewer, differing, 0.5)
    mid = 1 if b == c_only else mid
    yield {"ask": "mcnemar", "counts": counts}, (mid, exact), 1e-300
    z = stats.norm.isf((1 - c) / 2)
    yield {"ask": "tango", "counts": counts, "confidence": c}, tango(b, c_only, n, z), 1e-11
    p, q = (b + 1) / (n + 2), (c_only + 1) / (n + 2)
    half = z * math.sqrt((p + q - (p - q) ** 2) / (n + 2))
    ends = (max(p - q - half, -1), min(p - q + half, 1))
    yield {"ask": "bonett_price", "counts": counts, "confidence": c}, ends, 1e-13


def tango(b, c, n, z):
    """The score interval, with the nuisance parameter found by maximising the likelihood, not by its formula."""

    def most_likely(delta):
        low, high = max(0, -delta), (1 - delta) / 2
        rest = n - b - c
        slope = lambda q: b * q * (1 - 2 * q - delta) + c * (q + delta) * (1 - 2 * q - delta) - 2 * rest * q * (q + delta)
        if high <= low:
            return low
        # The slope of the likelihood, times what is positive, is a parabola that falls through its larger root.
        if slope(high) >= 0:
            return high
        start = low
        if slope(low) <= 0:
            peak = optimize.minimize_scalar(lambda q: -slope(q), bounds=(low, high), method="bounded").x
            if slope(peak) <= 0:
                return low
            start = peak
        return optimize.brentq(slope, start, high, xtol=1e-16, rtol=1e-14)

    def score(delta, side):
        q = most_likely(delta)
        variance = max(q + (q + delta) - delta * delta, 0)
        return b - c - n * delta - side * z * math.sqrt(n * variance)

    estimate = (b - c) / n
    # A hair off the estimate, where the score is 0 / 0 when nothing differs or everything does.
    low = -1 if estimate <= -1 else optimize.brentq(score, -1, estimate - 1e-12, (1,), xtol=1e-15, rtol=1e-14)
    high = 1 if estimate >= 1 else optimize.brentq(score, estimate + 1e-12, 1, (-1,), xtol=1e-15, rtol=1e-14)
    return low, high


def planning(chance):
    alpha, power, variance = chance.uniform(0.001, 0.2), chance.uniform(0.5, 0.99), chance.uniform(0.01, 1)
    n = chance.randint(10, 100_000)
    effect = (stats.norm.isf(alpha / 2) + stats.norm.ppf(power)) * math.sqrt(variance / n)
    yield {"ask": "detectable", "alpha": alpha, "power": power, "variance": variance, "n": n}, (effect, n), 0
    n, a, b = chance.randint(1, 120), chance.uniform(0, 0.5), chance.uniform(0, 0.5)
    mid, exact = 0, 0
    for m in range(n + 1):
        k = np.arange(m + 1)
        fewer = np.minimum(k, m - k)
        p = 2 * stats.binom.cdf(fewer, m, 0.5)
        weights = stats.binom.pmf(m, n, a + b) * stats.binom.pmf(k, m, a / (a + b))
        exact += weights[(p <= alpha) & (2 * k != m)].sum()
        mid += weights[(p - stats.binom.pmf(fewer, m, 0.5) <= alpha) & (2 * k != m)].sum()
    yield {"ask": "mcnemar_power", "n": n, "a": a, "b": b, "alpha": alpha}, (mid, exact), 1e-15


def means(chance):
    n, c = chance.randint(2, 60), level(chance)
    a, b = ([chance.gauss(shift, 1) for _ in range(n)] for shift in (chance.choice([0, 0.3]), 0))
    mean, se = np.mean(a), stats.sem(a)
    ask = {"ask": "mean", "values": a, "confidence": c}
    yield ask, (mean, se, *stats.t.interval(c, n - 1, mean, se)), 1e-14
    paired = stats.ttest_rel(a, b)
    ends = paired.confidence_interval(c)
    ask = {"ask": "paired_t", "a": a, "b": b, "confidence": c}
    yield ask, (paired.statistic, paired.pvalue, ends.low, ends.high), 1e-13
    # Whole numbers in any case first, so that there are two clusters.
    clusters = [0, 1] + [chance.randint(0, chance.choice([2, 9, 40])) for _ in range(n - 2)]
    fit = lambda corrected: sm.OLS(a, np.ones(n)).fit(
        cov_type="cluster", cov_kwds={"groups": np.array(clusters), "use_correction": corrected}, use_t=True)
    plain, corrected = fit(False), fit(True)
    ask = {"ask": "clustered_mean", "values": a, "clusters": clusters, "confidence": c}
    yield ask, (mean, plain.bse[0], corrected.bse[0], *corrected.conf_int(1 - c)[0]), 1e-13


def sign_flips(chance):
    values = [chance.randint(-20, 20) for _ in range(chance.randint(1, 10))]
    seen = abs(sum(values))
    sums = [abs(sum(map(lambda sign, value: sign * value, signs, values)))
            for signs in itertools.product((1, -1), repeat=len(values))]
    far = Fraction(sum(other >= seen for other in sums), len(sums))
    # Twentieths: sums that tie on paper and not in binary.
    yield {"ask": "sign_flip", "values": [value / 20 for value in values]}, (far,), 0


def bootstrap(chance):
    values = [chance.expovariate(1) for _ in range(chance.randint(15, 40))]
    seed = chance.getrandbits(32)
    theirs = [stats.bootstrap((values,), np.mean, n_resamples=9_999, confidence_level=0.9, method=method,
                              rng=np.random.default_rng(seed)) for method in ("BCa", "percentile")]
    ends = [end for found in theirs for end in found.confidence_interval]
    ask = {"ask": "bootstrap", "values": values, "draws": 9_999, "seed": seed, "confidence": 0.9}
    yield ask, (theirs[0].standard_error, *ends), 0.3 * theirs[0].standard_error


def many(chance):
    p = [chance.choice([0.0, 1.0, chance.random(), chance.random() / 100]) for _ in range(chance.randint(1, 30))]
    yield {"ask": "holm", "values": p}, multitest.multipletests(p, method="holm")[1], 1e-300
    yield {"ask": "bh", "values": p}, multitest.multipletests(p, method="fdr_bh")[1], 1e-300
    n, k = chance.randint(2, 80), chance.randint(2, 6)
    models = [[int(chance.random() < 0.4 + 0.1 * model) for _ in range(n)] for model in range(k)]
    models[0][0], models[1][0] = 0, 1
    test = contingency_tables.cochrans_q(np.array(models).T)
    yield {"ask": "cochran", "models": models}, (test.statistic, test.pvalue), 1e-13


def graders(chance):
    size = chance.randint(2, 6)
    table = [[chance.randint(1, 60 if i == j else 12) for j in range(size)] for i in range(size)]
    for weights in (None, "linear", "quadratic"):
        found = inter_rater.cohens_kappa(np.array(table), wt=weights)
        yield {"ask": "kappa", "table": table, "weights": weights}, (found.kappa, found.std_kappa), 1e-13


KINDS = (one_share, tries, paired_verdicts, planning, means, sign_flips, bootstrap, many, graders)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
