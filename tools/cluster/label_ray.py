#!/usr/bin/env python3
"""Labels or embeds a folder or Parquet of images on a Ray cluster, or on this machine.

    python label_ray.py plan.bin photos labels

The cluster is the one that RAY_ADDRESS names, or one that Ray starts here. Each machine needs the package vitc, and the plan
and a folder of images by the same paths.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import sys
import time
from typing import Any, Dict

import pyarrow as pa
import pyarrow.dataset
import ray
import vitc
from pyarrow import compute

import image_folder
import labeller
import options

#: Images that are read, run and, if a worker dies, run again together.
TASK = 64

#: Rows of a file that is written, at the least but for the last one.
FILE_ROWS = 10_000

#: CPUs that an actor asks for, for each of its threads, and what must be left: actors that ask for all CPUs leave nothing to
#: read with, and the run stands still. Our tasks need little, but the one of Ray's that lists Parquet asks for a whole CPU.
ACTOR_CPUS = 0.5
FREE_CPUS = 1
TASK_CPUS = 0.25

_CONTENT = pa.schema([("image", pa.string()), ("content", pa.large_binary()), ("error", pa.string())])
_RESULTS = {
    "top": pa.list_(pa.struct([("class", pa.int64()), ("label", pa.string()), ("probability", pa.float64())])),
    "embedding": pa.list_(pa.float32())}


def fingerprint(path: str) -> str:
    """Tells a plan from others."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return hashlib.sha256(data).hexdigest()


class Actor:
    """A session on one of the machines, for blocks of images."""

    def __init__(self, plan: str, expected: str, settings: Dict[str, int]) -> None:
        found = fingerprint(plan)
        if found != expected:
            raise ValueError(f"{plan}: expected the plan of the driver, SHA-256 {expected}, found {found}")
        self._labeller = labeller.Labeller(plan, **settings)

    def __call__(self, block: pa.Table) -> pa.Table:
        columns = block.to_pydict()
        rows = self._labeller.rows(columns["image"], columns["content"], columns.get("error"))
        result = self._labeller.column
        return pa.table(rows, pa.schema([("image", pa.string()), ("error", pa.string()), (result, _RESULTS[result])]))


def read_folder(images: image_folder.ImageFolder) -> ray.data.Dataset:
    """The images of a folder with their content, which tasks read."""

    def read(block: pa.Table) -> pa.Table:
        names = block.column("image").to_pylist()
        contents, errors = images.read(names)
        return pa.table({"image": names, "content": contents, "error": errors}, _CONTENT)

    names = images.images()
    blocks = [pa.table({"image": names[start:start + TASK]}) for start in range(0, len(names), TASK)]
    return ray.data.from_arrow(blocks).map_batches(
        read, batch_size=None, batch_format="pyarrow", num_cpus=TASK_CPUS)


def read_parquet(path: str, image: str, content: str) -> ray.data.Dataset:
    """The images of a table. A column of a structure is named with a dot."""

    def select(block: pa.Table) -> pa.Table:
        found = {}
        for role, name in (("image", image), ("content", content)):
            outer, *inner = name.split(".")
            values = block.column(outer)
            for part in inner:
                values = compute.struct_field(values, part)
            # Whatever it is: text in place of bytes would be taken for a path.
            found[role] = values.cast(_CONTENT.field(role).type)
        return pa.table(found)

    outer = sorted({name.split(".")[0] for name in (image, content)})
    table = ray.data.read_parquet(path, num_cpus=TASK_CPUS).select_columns(outer)
    return table.map_batches(select, batch_size=None, batch_format="pyarrow", num_cpus=TASK_CPUS)


def label(plan: str, images: ray.data.Dataset, output: str, *, actors: int, **settings: int) -> None:
    """Writes the rows of images as Parquet.

    :param settings: of :class:`labeller.Labeller`.
    """
    images.map_batches(
        Actor, fn_constructor_args=(os.path.abspath(plan), fingerprint(plan), settings), batch_size=TASK,
        batch_format="pyarrow", compute=ray.data.ActorPoolStrategy(size=actors),
        num_cpus=ACTOR_CPUS * settings["threads"],
    ).write_parquet(
        output, mode=ray.data.SaveMode.ERROR, min_rows_per_file=FILE_ROWS, ray_remote_args={"num_cpus": TASK_CPUS})


def main(arguments: Any) -> int:
    # Other machines get these modules with what is sent there.
    for module in (image_folder, labeller):
        ray.cloudpickle.register_pickle_by_value(module)
    vitc.Session(arguments.plan).close()
    ray.init()
    settings = {"top": arguments.top, "batch": arguments.batch, "threads": arguments.threads}
    cpus = int(ray.cluster_resources()["CPU"])
    actors = arguments.actors or max(1, cpus // arguments.threads)
    if actors * arguments.threads * ACTOR_CPUS > cpus - FREE_CPUS:
        raise ValueError(
            f"expected actors and threads for which {cpus - FREE_CPUS} CPUs are enough, half of one a thread, found {actors} "
            f"actors of {arguments.threads}")
    start = time.monotonic()
    images = (read_parquet(arguments.images, *arguments.columns) if arguments.columns
              else read_folder(image_folder.ImageFolder(arguments.images)))
    label(arguments.plan, images, arguments.output, actors=actors, **settings)
    seconds = time.monotonic() - start
    system, path = image_folder.locate(arguments.output)
    rows = pyarrow.dataset.dataset(path, filesystem=system, format="parquet")
    count, failed = rows.count_rows(), rows.count_rows(filter=pyarrow.dataset.field("error").is_valid())
    # As Spark does it: what has no such file is not all there.
    system.open_output_stream(f"{path}/_SUCCESS").close()
    print(options.summary(count, failed, seconds))
    return 1 if count == failed else 0


if __name__ == "__main__":
    parser = options.parser(__doc__.splitlines()[0])
    parser.add_argument("--actors", type=options.at_least_one, help="workers (as many as the CPUs have room for)")
    try:
        sys.exit(main(parser.parse_args()))
    except (OSError, ValueError, vitc.VitcError) as error:
        sys.exit(f"label_ray: {error}")
