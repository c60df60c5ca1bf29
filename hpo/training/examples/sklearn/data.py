"""Write three of scikit-learn's data sets as files, each with a test part: python data.py FOLDER."""

import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.model_selection import train_test_split

folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
for name, load in (("digits", load_digits), ("cancer", load_breast_cancer)):
    x, y = load(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, random_state=0, stratify=y)
    np.savez(folder / f"{name}.npz", x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
train, test = train_test_split(load_diabetes(as_frame=True, scaled=False).frame, test_size=0.2, random_state=0)
train.to_csv(folder / "diabetes.csv", index=False)
test.to_csv(folder / "diabetes_test.csv", index=False)
