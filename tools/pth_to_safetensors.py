#!/usr/bin/env python3
"""Turns a PyTorch checkpoint into safetensors, which `vitc convert` reads.

    python pth_to_safetensors.py CHECKPOINT.pth -o CHECKPOINT.safetensors [--dtype f16]

The pickle is read with `weights_only=True`, so it cannot run code. Wrappers (`state_dict`, `model`,
`model_ema`, `state_dict_ema`) are opened, of several the first in this order; `module.` prefixes are
removed; what is not a tensor is left out. Needs torch and safetensors.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).resolve().parent / "reference"))

from vit_reference.checkpoint import flatten  # noqa: E402

DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--dtype", choices=DTYPES, help="of floating-point tensors; default: kept")
    arguments = parser.parse_args()
    try:
        state = flatten(torch.load(arguments.checkpoint, map_location="cpu", weights_only=True))
    except ValueError as error:
        sys.exit(f"{arguments.checkpoint}: {error}")
    if arguments.dtype:
        wanted = DTYPES[arguments.dtype]
        state = {k: v.to(wanted) if v.is_floating_point() else v for k, v in state.items()}
    save_file({key: value.clone() for key, value in state.items()}, arguments.output)
    print(f"{len(state)} tensors in {arguments.output}")


if __name__ == "__main__":
    main()
