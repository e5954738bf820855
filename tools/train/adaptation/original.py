"""The checkpoint that is adapted: read with every check, written with its own names and types."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from vit_reference import ViTConfig, VisionTransformer
from vit_reference.checkpoint import rename

from .refusal import Refusal


@dataclass
class Original:
    """Tensors under the names of the file, in its types; its metadata."""

    path: Path
    tensors: dict[str, Tensor]
    metadata: dict[str, str] | None

    @classmethod
    def read(cls, path: Path) -> Original:
        if not path.is_file():
            raise Refusal(path, "checkpoint", "a safetensors file", "none" if not path.exists() else
                          "something that is no file")
        try:
            with safe_open(path, "pt") as file:
                names = list(file.keys())
                tensors = {name: file.get_tensor(name) for name in names}
                metadata = file.metadata()
        except (SafetensorError, OSError, ValueError) as error:
            raise Refusal(path, "checkpoint", "a safetensors file (tools/pth_to_safetensors.py makes one "
                          "of a .pth)", error) from None
        for name, value in tensors.items():
            if value.is_floating_point() and not value.float().isfinite().all():
                raise Refusal(path, name, "finite values", "infinite ones or NaN")
        return cls(path, tensors, metadata)

    @property
    def state(self) -> dict[str, Tensor]:
        """Under the reference's names, as float32."""
        return {
            rename(name): value.float() if value.is_floating_point() else value
            for name, value in self.tensors.items()
        }

    def model(self, config: ViTConfig) -> VisionTransformer:
        """The reference's model with these weights, which must be all that it has, and no more."""
        state = self.state
        if len(state) != len(self.tensors):
            raise Refusal(self.path, "tensors", "one name for each", "a gamma under two names")
        model = VisionTransformer(config, multi_scale=any(k.startswith("multiscale.") for k in state))
        own = model.state_dict()
        for name in sorted(own.keys() - state.keys()):
            # A count of batches is of no use where none is counted.
            if not name.endswith("num_batches_tracked"):
                raise Refusal(self.path, name, f"a tensor {list(own[name].shape)}", "none")
        for name, value in state.items():
            if name not in own:
                raise Refusal(self.path, name, "tensors that timm's DeiT or ViT, or LV-ViT has", "one more")
            if value.shape != own[name].shape:
                raise Refusal(self.path, name, f"shape {list(own[name].shape)}", list(value.shape))
        model.load_state_dict(state, strict=False)
        return model.eval()

    def rounded(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """Copies of the adapted tensors, under the names of the file and in its types."""
        return {
            name: state[rename(name)].detach().to("cpu", value.dtype, copy=True).contiguous()
            for name, value in self.tensors.items()
        }

    def write(self, tensors: dict[str, Tensor], path: Path, copied: list[Path]) -> None:
        """Whole or not at all; `copied` are configurations that belong beside it."""
        partial = path.with_name(f".{path.name}.partial")
        try:
            save_file(tensors, partial, self.metadata)
            for configuration in copied:
                shutil.copyfile(configuration, path.with_name(configuration.name))
            # The library leaves it to its owner alone.
            mask = os.umask(0)
            os.umask(mask)
            partial.chmod(0o666 & ~mask)
            partial.replace(path)
        except (SafetensorError, OSError) as error:
            raise Refusal(path, "output", "a file that can be written", error) from None
        finally:
            partial.unlink(missing_ok=True)
