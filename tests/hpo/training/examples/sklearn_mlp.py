"""scikit-learn's digits with a network of scikit-learn's own, from the first line to the report."""

from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

import hpo

X, Y = load_digits(return_X_y=True)


def train(config, run):
    i, j = run.split(len(X), labels=Y)
    model = MLPClassifier((32,), learning_rate_init=config["learning_rate"], random_state=run.seed)
    for percent in run.rungs:
        while getattr(model, "t_", 0) < run.epochs * len(i) * percent / 100:
            model.partial_fit(X[i] / 16, Y[i], classes=range(10))
        yield hpo.Score(model.score(X[j] / 16, Y[j]), train=model.score(X[i] / 16, Y[i]))
