import numpy as np
import wandb
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


def train():
    with wandb.init() as run:
        for score in scores(run.config.lr, run.config.alpha, seed=0):
            run.log({"score": score})


sweep = {
    "method": "bayes",
    "metric": {"name": "score", "goal": "maximize"},
    "early_terminate": {"type": "hyperband", "min_iter": 5, "eta": 2},
    "parameters": {
        "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 1e-1},
        "alpha": {"distribution": "log_uniform_values", "min": 1e-6, "max": 1e-1},
    },
}
sweep_id = wandb.sweep(sweep, project="digits")
wandb.agent(sweep_id, function=train, count=60)

# afterwards
runs = wandb.Api().sweep(f"digits/{sweep_id}").runs
ended = [each for each in runs if each.summary.get("_step") == 19]
best = sorted(ended, key=lambda each: -each.summary["score"])[:5]
again = [[list(scores(e.config["lr"], e.config["alpha"], 1 + seed))[-1] for seed in range(5)] for e in best]
means = np.mean(again, axis=1)
chosen = best[int(means.argmax())].config
half = 2.132 * np.std(again[int(means.argmax())], ddof=1) / 5**0.5
print(chosen, means.max(), (means.max() - half, means.max() + half))
final = []
for seed in range(3):
    model = MLPClassifier((50,), learning_rate_init=chosen["lr"], alpha=chosen["alpha"], random_state=seed, max_iter=20)
    final.append(model.fit(x, y).score(x_test, y_test))
print(np.mean(final), final)
