"""The method in readable PyTorch: base Vision Transformers, token reduction and the two scales.

Everything follows "Multi-Scale And Token Mergence: Make Your ViT More Efficient"
(arXiv 2306.04897). Blocks are counted from 0 in this package.
"""

from .config import Reduction, ViTConfig
from .models import VisionTransformer
from .trace import Trace

__all__ = ["Reduction", "Trace", "ViTConfig", "VisionTransformer"]
