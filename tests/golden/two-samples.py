"""Reference numbers for the two-sample test: python3 tests/golden/two-samples.py > tests/golden/two-samples.json

Samples are rounded on purpose (ties) in some cases; scipy 1.17.1.
"""

import json

import numpy as np
from scipy import stats

rng = np.random.default_rng(20)
cases = []
for n, m, shift, digits in [
    (5, 7, 0, 9), (40, 30, 0, 9), (100, 80, 0.5, 9), (200, 150, 0.3, 1), (300, 500, 0.15, 9), (50, 50, 2.0, 9), (1, 9, 0, 9),
]:
    a = np.round(rng.normal(size=n), digits)
    b = np.round(rng.normal(loc=shift, size=m), digits)
    r = stats.ks_2samp(a, b, method="exact")
    cases.append({"a": a.tolist(), "b": b.tolist(), "d": r.statistic, "p": r.pvalue})
chi2 = [{"alpha": q, "df": df, "x": stats.chi2.isf(q, df)} for q in (0.05, 0.001, 1e-6) for df in (1, 9, 19)]
print(json.dumps({"ks": cases, "chi2": chi2}))
