"""Models for the tests, and what is asked of their plans; who imports this is skipped without PyTorch."""

import warnings

import numpy as np
import pytest

import vitc

torch = pytest.importorskip("torch")
torch.manual_seed(5)

SMALL = {"img_size": 32, "patch_size": 8, "embed_dim": 48, "depth": 3, "num_heads": 4, "num_classes": 7}


def check(model, plan, height, width=None, within=2e-5, channels=3):
    """The plan gives PyTorch's logits."""
    array = np.random.default_rng(2).standard_normal((3, channels, height, width or height)).astype(np.float32)
    with torch.no_grad():
        expected = model(torch.from_numpy(array))
    expected = getattr(expected, "logits", expected).float().numpy()
    with vitc.Session(plan, batch=2) as session:
        found = session.run(array)
    assert found.shape == expected.shape and np.abs(found - expected).max() <= within * np.abs(expected).max()


def spread(model):
    """Random values where a fresh model has zeros, ones or nearly none."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return model.eval()


def convert(model, path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vitc.VitcWarning)
        return vitc.convert(model, path, **options)
