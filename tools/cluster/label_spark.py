#!/usr/bin/env python3
"""Labels or embeds a folder or Parquet of images on Spark.

    spark-submit --master 'local[2,4]' label_spark.py plan.bin photos labels

Each machine needs the package vitc; Spark brings the plan there. A folder of images has the same path on all.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any, Dict, Iterator, Optional

import pandas as pd
import vitc
from pyspark import SparkFiles
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession, functions

import image_folder
import labeller
import options

HERE = os.path.dirname(os.path.abspath(__file__))

#: Images that go to Python together.
BATCH = 64

#: Images of a folder that are one task, of which one file is written: if a worker dies, they are run again.
TASK = 512

_RESULTS = {
    "top": "array<struct<class: bigint, label: string, probability: double>>", "embedding": "array<float>"}


def label(images: DataFrame, plan: str, files: Optional[image_folder.ImageFolder], **settings: int) -> DataFrame:
    """The rows of images.

    :param images: with columns ``image`` and, if there are no ``files``, ``content``.
    :param plan: its path here.
    :param files: the folder that the images are in.
    :param settings: of :class:`labeller.Labeller`.
    """
    images.sparkSession.sparkContext.addFile(plan)
    name, column = os.path.basename(plan), labeller.Labeller(plan).column

    def rows(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        worker = labeller.Labeller(SparkFiles.get(name), **settings)
        for frame in frames:
            names = frame["image"].tolist()
            contents, errors = files.read(names) if files else (frame["content"].tolist(), None)
            yield pd.DataFrame(worker.rows(names, contents, errors))

    return images.mapInPandas(rows, f"image string, error string, {column} {_RESULTS[column]}")


def main(arguments: Any) -> int:
    spark = SparkSession.builder.appName("label").getOrCreate()
    for module in ("image_folder.py", "labeller.py"):
        spark.sparkContext.addPyFile(os.path.join(HERE, module))
    # Spark counts rows, and its usual thousands of images are gigabytes.
    for setting in ("spark.sql.execution.arrow.maxRecordsPerBatch", "spark.sql.parquet.columnarReaderBatchSize"):
        spark.conf.set(setting, BATCH)
    start = time.monotonic()
    if arguments.columns:
        image, content = arguments.columns
        files = None
        # Whatever they are: text in place of bytes would be taken for a path.
        images = spark.read.parquet(arguments.images).select(
            functions.col(image).cast("string").alias("image"), functions.col(content).cast("binary").alias("content"))
    else:
        files = image_folder.ImageFolder(arguments.images)
        names = files.images()
        images = spark.createDataFrame([(name,) for name in names], "image string").repartition(-(-len(names) // TASK))
    settings: Dict[str, int] = {"top": arguments.top, "batch": arguments.batch, "threads": arguments.threads}
    label(images, arguments.plan, files, **settings).write.parquet(arguments.output, mode="errorifexists")
    seconds = time.monotonic() - start
    rows = spark.read.parquet(arguments.output)
    count, failed = rows.count(), rows.where("error IS NOT NULL").count()
    print(options.summary(count, failed, seconds))
    return 1 if count == failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(options.parser(__doc__.splitlines()[0]).parse_args()))
    except (OSError, ValueError, vitc.VitcError, AnalysisException) as error:
        sys.exit(f"label_spark: {error}")
