from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import hpo

x, y = load_digits(return_X_y=True)
x, x_test, y, y_test = train_test_split(x / 16, y, test_size=360, random_state=0, stratify=y)


def train(config, run):
    model = MLPClassifier((50,), learning_rate_init=config["lr"], alpha=config["alpha"], random_state=run.seed)
    for epoch in range(run.epochs):
        model.partial_fit(*run.train, classes=range(10))
        if 100 * (epoch + 1) // run.epochs in run.rungs:
            yield hpo.Score(model.score(*run.validation), train=model.score(*run.train))
    if run.test_allowed:
        yield hpo.Test(model.score(*run.test))


space = {"lr": hpo.log(1e-4, 1e-1), "alpha": hpo.log(1e-6, 1e-1)}
study = hpo.search(train, space, data=(x, y), test=(x_test, y_test), rounds=3, trials=20, samples=400, epochs=20)
print(study.use, study.interval)
