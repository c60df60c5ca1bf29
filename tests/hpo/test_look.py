"""The look inside a trained network: what it prints and writes, and how it answers mistakes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hpo import look, models

SHAPE = (12, 12)


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """Return a dataset of twenty training images; its test images are all of another kind, and would be noticed."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 200, (20, *SHAPE), dtype=np.uint8)
    test = np.full((4, *SHAPE), 255, dtype=np.uint8)
    path = tmp_path / "digits.npz"
    np.savez(path, x_train=images, y_train=np.arange(20) % 4, x_test=test, y_test=np.arange(4))
    return path


def saved(folder: Path, description: models.NetworkDescription, shape: tuple[int, ...] = SHAPE) -> Path:
    path = folder / "network.npz"
    models.save_network(path, models.build_network(description, shape, 4, np.random.default_rng(3)))
    return path


@pytest.fixture
def convnet(tmp_path: Path) -> Path:
    return saved(tmp_path, models.ConvNetDescription(filters=(3,), kernel=3, hidden=(6,)))


def test_it_prints_the_prediction_and_writes_the_pictures(
    tmp_path: Path, convnet: Path, digits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert look.main([str(convnet), "--dataset", str(digits), "--image", "6", "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    with np.load(digits) as parts:
        logits = models.load_network(convnet).logits(parts["x_train"][6:7])[0]
    shares = np.exp(logits) / np.exp(logits).sum()
    assert "training image 6 of" in printed
    assert "labelled 2" in printed
    best = int(shares.argmax())
    assert f"  {best}  {100 * shares[best]:5.1f} %" in printed
    says = "which is the label" if best == 2 else f"Predicted: {best}. The label is 2"
    assert says in printed
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"filters.png", "feature_maps.png"}


def test_without_a_folder_the_pictures_lie_beside_the_network(convnet: Path, digits: Path) -> None:
    assert look.main([str(convnet), "--dataset", str(digits)]) == 0
    assert (convnet.parent / "filters.png").exists()


@pytest.mark.parametrize("image", ["-1", "20"])
def test_an_image_that_is_not_there_is_answered_with_those_that_are(
    convnet: Path, digits: Path, image: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert look.main([str(convnet), "--dataset", str(digits), "--image", image]) == 2
    assert f"--image {image}" in (said := capsys.readouterr().err)
    assert "has 20 training images; take one of 0 .. 19" in said


def test_other_mistakes_are_named_too(
    tmp_path: Path, convnet: Path, digits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(network: Path) -> str:
        assert look.main([str(network), "--dataset", str(digits), "--out", str(tmp_path / "out")]) == 2
        text = capsys.readouterr().err
        assert text.startswith("error: ")
        return text

    assert f"there is no file {tmp_path / 'none.npz'}" in said(tmp_path / "none.npz")
    assert "not a whole file written by save_network" in said(digits)
    convnet.write_bytes(convnet.read_bytes()[:200])
    assert "cannot be read as a network" in said(convnet)
    assert "cannot be read as a network" in said(tmp_path)
    assert "a folder or a device" in said(Path("/dev/zero"))
    assert "an MLP has no filters" in said(saved(tmp_path, models.MultiLayerNetDescription(hidden=(5,))))
    other = said(saved(tmp_path, models.ConvNetDescription(filters=(2,), kernel=3), shape=(10, 10)))
    assert "takes images of shape (10, 10)" in other
    assert "(12, 12)" in other
    assert "--dataset" in other
    assert not (tmp_path / "out").exists()


def test_help_teaches_with_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        look.main(["--help"])
    assert "examples:\n  hpo look" in capsys.readouterr().out
