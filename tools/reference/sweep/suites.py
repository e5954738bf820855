"""The suites by name."""

from __future__ import annotations

from . import (
    hugging_face,
    names,
    onnx_architectures,
    onnx_models,
    preprocessing,
    timm_arguments,
    timm_models,
)
from .jobs import Job

SUITES = (*timm_models.SUITES, timm_arguments.SUITE, hugging_face.SUITE,
          preprocessing.SUITE, preprocessing.RELEASED, names.SUITE, onnx_models.SUITE,
          *onnx_architectures.SUITES)
DEFAULT = SUITES


def jobs_of(suites: list[str], parameters: int) -> list[Job]:
    """The jobs that have cases of these suites."""
    jobs: list[Job] = []
    if set(suites) & set(timm_models.SUITES):
        jobs += timm_models.jobs(parameters)
    if timm_arguments.SUITE in suites:
        jobs += timm_arguments.jobs()
    if hugging_face.SUITE in suites:
        jobs += hugging_face.jobs()
    if preprocessing.SUITE in suites:
        jobs += preprocessing.jobs()
    if preprocessing.RELEASED in suites:
        jobs += preprocessing.released_jobs()
    if names.SUITE in suites:
        jobs += names.jobs()
    if onnx_models.SUITE in suites:
        jobs += onnx_models.jobs()
    if set(suites) & set(onnx_architectures.SUITES):
        jobs += onnx_architectures.jobs()
    return jobs
