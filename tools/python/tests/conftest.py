"""The demo's model as a plan, its rewrite, and images of every kind."""

import warnings
from pathlib import Path

import numpy as np
import pytest

import vitc

ROOT = Path(__file__).resolve().parents[3]
MODEL = ROOT / "tools/demo/model"


@pytest.fixture(scope="session")
def labels():
    """Names by class, of lines of a number, an identifier and a name."""
    lines = [line.split("\t") for line in MODEL.joinpath("labels.txt").read_text().splitlines()]
    return [name for _, _, name in sorted(lines, key=lambda line: int(line[0]))]


@pytest.fixture(scope="session")
def dense(tmp_path_factory, labels):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vitc.VitcWarning)
        return vitc.convert(
            MODEL / "dense.safetensors", tmp_path_factory.mktemp("plans") / "dense.bin", labels=labels)


@pytest.fixture(scope="session")
def fast(dense):
    return dense.rewrite(Path(dense.path).with_name("fast.bin"), keep=0.7)


@pytest.fixture(scope="session")
def features():
    """A plan that gives an embedding and no logits."""
    return ROOT / "Tests/Fixtures/plans/features.bin"


@pytest.fixture(scope="session")
def images():
    return sorted((ROOT / "tools/demo/images").glob("*.png"))


@pytest.fixture
def session(fast):
    with vitc.Session(fast, batch=4, threads=2) as session:
        yield session


@pytest.fixture(scope="session")
def tensor():
    random = np.random.default_rng(3)
    return random.standard_normal((5, 3, 224, 224)).astype(np.float32)
