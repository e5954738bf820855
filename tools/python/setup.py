"""What pyproject.toml cannot say: the version, and that the wheel is of one platform and of every Python."""

import os

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel


class PlatformWheel(bdist_wheel):
    """`py3-none` and the platform."""

    def get_tag(self):
        return ("py3", "none", super().get_tag()[2])


class PlatformDistribution(Distribution):
    """Holds libraries, though none of them is a module of Python's."""

    def has_ext_modules(self):
        return True


# backend.py says it.
setup(
    version=os.environ["VITC_WHEEL_VERSION"], distclass=PlatformDistribution, cmdclass={"bdist_wheel": PlatformWheel})
