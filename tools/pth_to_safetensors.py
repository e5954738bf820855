#!/usr/bin/env python3
"""Turns a PyTorch checkpoint into safetensors, which `vitc convert` reads.

    python pth_to_safetensors.py CHECKPOINT.pth -o CHECKPOINT.safetensors [--dtype f16]

The pickle is read with `weights_only=True`, so it cannot run code. Wrappers (`state_dict`, `model`,
`model_ema`, `state_dict_ema`) are opened, of several the first in this order; `module.` prefixes are
removed; what is not a tensor is left out. Of EViT, DynamicViT, A-ViT and PPT, the options of training under
`args` tell what the weights do not: it goes into the metadata, as the configuration's key `token_reduction`.
Needs torch and safetensors.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).resolve().parent / "reference"))

from vit_reference.checkpoint import flatten  # noqa: E402
from vit_reference.methods.arguments import token_reduction  # noqa: E402

DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}

# What training scripts save their options in: attributes and no code.
torch.serialization.add_safe_globals([argparse.Namespace])


def load(path: Path) -> Any:
    """What the pickle holds. Throws `ValueError` if it asks for more than tensors and plain values."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # Of bytes that are no pickle, torch's reader may raise anything.
        unknown = re.search(r"[Uu]nsupported (?:global: |class |)(?:GLOBAL )?(\w+\.[\w.]+)", str(error))
        found = unknown[1] if unknown else f"none ({type(error).__name__})"
        raise ValueError(f"expected a pickle of tensors and plain values, found {found}") from None


def options_of_training(loaded: Any) -> dict[str, Any]:
    """`args` beside the weights, empty if there are none."""
    options = loaded.get("args") if isinstance(loaded, dict) else None
    if isinstance(options, argparse.Namespace):
        options = vars(options)
    return options if isinstance(options, dict) else {}


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--dtype", choices=DTYPES, help="of floating-point tensors; default: kept")
    arguments = parser.parse_args(words)
    try:
        loaded = load(arguments.checkpoint)
        state = flatten(loaded)
        reduction = token_reduction(options_of_training(loaded), state)
    except (ValueError, OSError) as error:
        sys.exit(f"{arguments.checkpoint}: {error}")
    if arguments.dtype:
        wanted = DTYPES[arguments.dtype]
        state = {k: v.to(wanted) if v.is_floating_point() else v for k, v in state.items()}
    metadata = None if reduction is None else {"token_reduction": json.dumps(reduction)}
    save_file({key: value.clone() for key, value in state.items()}, arguments.output, metadata)
    note = "" if metadata is None else f", token_reduction {metadata['token_reduction']}"
    print(f"{len(state)} tensors in {arguments.output}{note}")


if __name__ == "__main__":
    main()
