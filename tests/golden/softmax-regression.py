"""Multinomial logistic regression and temperature scaling by scikit-learn and scipy, for tests/unit/models-heads.test.ts.

    pip install scikit-learn==1.9.1 scipy==1.17.1
    python3 tests/golden/softmax-regression.py > tests/golden/softmax-regression.json

Rows come from a linear congruential generator (Numerical Recipes: 1664525, 1013904223), so that both sides make the
same ones. The penalty p of the product is p * |W|^2 beside the mean loss: C = 1 / (2 * p * rows) here.
"""

import json

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

ROWS, FEATURES, CLASSES, PENALTY = 90, 5, 3, 0.01
state = 1


def draw() -> float:
    global state
    state = (1664525 * state + 1013904223) % 2**32
    return state / 2**32


rows = np.array([[draw() for _ in range(FEATURES)] for _ in range(ROWS)])
labels = np.array([i % CLASSES for i in range(ROWS)])
rows[np.arange(ROWS), labels] += 0.6
rows = rows.astype(np.float32).astype(np.float64)

fit = LogisticRegression(C=1 / (2 * PENALTY * ROWS), tol=1e-10, max_iter=10_000).fit(rows, labels)
probe = rows[:6]

logits = 3 * rows[:, :CLASSES]
nll = lambda t: -log_softmax(logits / np.exp(t), axis=1)[np.arange(ROWS), labels].mean()
best = minimize_scalar(nll, bounds=(-3, 3), method="bounded", options={"xatol": 1e-10})

print(
    json.dumps(
        {
            "probabilities": fit.predict_proba(probe).round(8).tolist(),
            "temperature": round(float(np.exp(best.x)), 8),
            "loss": round(float(best.fun), 10),
        },
        indent=2,
    )
)
