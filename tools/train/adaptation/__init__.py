"""Adapting a pruned model to what its dense model says of images without labels: see `../adapt.py`."""

from .refusal import Refusal

__all__ = ["Refusal"]
