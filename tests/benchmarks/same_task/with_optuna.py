import numpy as np
import optuna
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


def objective(trial):
    lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    alpha = trial.suggest_float("alpha", 1e-6, 1e-1, log=True)
    for epoch, score in enumerate(scores(lr, alpha, seed=0)):
        trial.report(score, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return score


study = optuna.create_study(direction="maximize", pruner=optuna.pruners.SuccessiveHalvingPruner())
study.optimize(objective, n_trials=60)
print(study.best_params, study.best_value)

# afterwards
done = [t for t in study.trials if t.state == optuna.trial.TrialState.COMPLETE]
best = sorted(done, key=lambda t: -t.value)[:5]
again = [[list(scores(**t.params, seed=1 + seed))[-1] for seed in range(5)] for t in best]
means = np.mean(again, axis=1)
chosen = best[int(means.argmax())].params
half = 2.132 * np.std(again[int(means.argmax())], ddof=1) / 5**0.5
print(chosen, means.max(), (means.max() - half, means.max() + half))
final = []
for seed in range(3):
    model = MLPClassifier((50,), learning_rate_init=chosen["lr"], alpha=chosen["alpha"], random_state=seed, max_iter=20)
    final.append(model.fit(x, y).score(x_test, y_test))
print(np.mean(final), final)
