"""A ConvNet in PyTorch. On a GPU: `.to("cuda")` for net and batches, and as many workers as fit on it.

A DataLoader works as always; give it `num_workers=0` where there is a worker for each core already.
"""

import torch
from torch import nn

import hpo

torch.set_num_threads(1)  # one worker a core, one thread a worker


def images(x):
    return torch.tensor(x[:, None] / 255, dtype=torch.float32)


def accuracy(net, x, y):
    with torch.no_grad():
        return (net.eval()(images(x)).argmax(1).numpy() == y).mean()


def train(config, run):
    pool, drop = nn.MaxPool2d(2), nn.Dropout(config["dropout"])
    net = nn.Sequential(nn.Conv2d(1, 16, 3), nn.ReLU(), pool, nn.Flatten(), drop, nn.Linear(16 * 13 * 13, 10))
    adam, (x, y), step = torch.optim.Adam(net.parameters(), lr=config["learning_rate"]), run.train, 0
    for percent in run.rungs:
        while step < run.epochs * len(x) // 50 * percent // 100:
            step, batch = step + 1, torch.randint(len(x), (50,))  # torch is seeded with run.seed
            loss = nn.functional.cross_entropy(net.train()(images(x[batch])), torch.tensor(y[batch]))
            adam.zero_grad(), loss.backward(), adam.step()
        yield hpo.Score(accuracy(net, *run.validation), train=accuracy(net, x, y))
    if run.test_allowed:
        yield hpo.Test(accuracy(net, *run.test))
