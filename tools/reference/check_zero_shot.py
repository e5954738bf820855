#!/usr/bin/env python3
"""Compares `vitrun --text-features` with transformers, for small CLIP and SigLIP of random weights.

    python check_zero_shot.py [--binaries .build/release]

Prints a line a model and closes with `N passed, N failed`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import CLIPConfig, CLIPModel, SiglipConfig, SiglipModel

from text_features import features

ROOT = Path(__file__).resolve().parents[2]
VISION = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
          "image_size": 32, "patch_size": 8}
TEXT = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2,
        "vocab_size": 99, "max_position_embeddings": 16, "bos_token_id": 1, "eos_token_id": 2}
SIZE = {"height": 32, "width": 32}


def processor(name: str) -> dict:
    """How images of 32 x 32 are prepared."""
    crops = {"do_center_crop": True, "crop_size": SIZE} if name == "CLIP" else {}
    return {
        "image_processor_type": f"{name}ImageProcessor", "do_resize": True, "resample": 3,
        "size": {"shortest_edge": 32} if name == "CLIP" else SIZE, "do_rescale": True,
        "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
        **crops,
    }


def worst(name: str, folder: Path, binaries: Path) -> float:
    """The largest difference of a probability."""
    torch.manual_seed(len(name))
    if name == "CLIP":
        model = CLIPModel(CLIPConfig(vision_config=VISION, text_config=TEXT, projection_dim=24))
    else:
        model = SiglipModel(SiglipConfig(vision_config=VISION, text_config=TEXT))
    model.eval()
    with torch.no_grad():
        for key, value in model.named_parameters():
            if not key.startswith("logit"):
                value.add_(torch.randn_like(value) * 0.2)
        if name == "Siglip":
            model.logit_scale.fill_(1.2)
            model.logit_bias.fill_(-0.7)
    checkpoint = folder / name
    model.save_pretrained(checkpoint)
    (checkpoint / "preprocessor_config.json").write_text(json.dumps(processor(name)))
    ids = torch.randint(3, 98, (5, 7))
    np.save(folder / "texts.npy", features(model, {"input_ids": ids}).numpy())
    image = Image.effect_noise((32, 32), 90).convert("RGB")
    image.save(folder / "image.png")
    pixels = torch.tensor(np.array(image)).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.no_grad():
        scores = model(input_ids=ids, pixel_values=pixels).logits_per_image[0]
    expected = scores.softmax(0) if name == "CLIP" else scores.sigmoid()
    plan = folder / "plan.bin"
    subprocess.run([binaries / "vitc", "convert", checkpoint, "-o", plan, "--quiet"], check=True)
    words = [binaries / "vitrun", plan, folder / "image.png", "--text-features", folder / "texts.npy"]
    done = subprocess.run([*words, "--json"], check=True, capture_output=True)
    found = json.loads(done.stdout)["top"]
    assert [entry["class"] for entry in found] == expected.argsort(descending=True).tolist()
    return max(abs(entry["probability"] - expected[entry["class"]].item()) for entry in found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", type=Path, default=ROOT / ".build" / "release")
    arguments = parser.parse_args()
    failed = 0
    for name in ("CLIP", "Siglip"):
        with tempfile.TemporaryDirectory() as folder:
            difference = worst(name, Path(folder), arguments.binaries)
        failed += difference > 1e-5
        print(f"{name}: largest difference of a probability {difference:.1e}")
    print(f"{2 - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
