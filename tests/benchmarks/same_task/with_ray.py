import numpy as np
from ray import tune
from ray.tune.schedulers import ASHAScheduler
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

x, y = load_digits(return_X_y=True)
x, x_test, y, y_test = train_test_split(x / 16, y, test_size=360, random_state=0, stratify=y)


def scores(lr, alpha, seed, epochs=20, samples=400):
    a, b, ya, yb = train_test_split(x, y, train_size=samples, test_size=400, random_state=seed, stratify=y)
    model = MLPClassifier((50,), learning_rate_init=lr, alpha=alpha, random_state=seed)
    for _ in range(epochs):
        model.partial_fit(a, ya, classes=range(10))
        yield model.score(b, yb)


def train(config):
    for score in scores(**config, seed=0):
        tune.report({"score": score})


space = {"lr": tune.loguniform(1e-4, 1e-1), "alpha": tune.loguniform(1e-6, 1e-1)}
asha = ASHAScheduler(metric="score", mode="max", max_t=20, grace_period=5, reduction_factor=2)
tuner = tune.Tuner(train, param_space=space, tune_config=tune.TuneConfig(scheduler=asha, num_samples=60))
results = tuner.fit()
print(results.get_best_result(metric="score", mode="max").config)

# afterwards
ended = [each for each in results if each.metrics["training_iteration"] == 20]
best = sorted(ended, key=lambda each: -each.metrics["score"])[:5]
again = [[list(scores(**each.config, seed=1 + seed))[-1] for seed in range(5)] for each in best]
means = np.mean(again, axis=1)
chosen = best[int(means.argmax())].config
half = 2.132 * np.std(again[int(means.argmax())], ddof=1) / 5**0.5
print(chosen, means.max(), (means.max() - half, means.max() + half))
final = []
for seed in range(3):
    model = MLPClassifier((50,), learning_rate_init=chosen["lr"], alpha=chosen["alpha"], random_state=seed, max_iter=20)
    final.append(model.fit(x, y).score(x_test, y_test))
print(np.mean(final), final)
