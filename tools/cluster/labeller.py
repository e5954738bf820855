"""What a plan says of images, as rows, for engines that bring the images a few at a time."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

import vitc


class Labeller:
    """Makes a row of each image, with the columns of ``vitrun label --format jsonl``:

    * ``image``: what the image is called;
    * ``error``: why there is nothing else in the row, or None;
    * ``top``, of a plan that classifies: the most probable classes as ``class``, ``label`` and ``probability``, the
      highest first;
    * ``embedding``, of a plan that does not: its features, float32.

    What is wrong with an image is told in its row. What another machine, or the same one later, may do is raised, so
    that the engine tries again.

    :param plan: a path. Processes that open the same file share its memory.
    :param top: how many classes are named.
    :param batch: the most images that run at once.
    :param threads: threads that decode and run them.
    """

    def __init__(self, plan: str, *, top: int = 5, batch: int = 16, threads: int = 1) -> None:
        self._session = vitc.Session(plan, batch=batch, threads=threads)
        self._top = top
        #: Which column a row has beside ``image`` and ``error``.
        self.column = "top" if self._session.classes else "embedding"

    def rows(self, images: Sequence[Optional[str]], contents: Sequence[Optional[bytes]],
             errors: Optional[Sequence[Optional[str]]] = None) -> Dict[str, List[Any]]:
        """The columns of some images, in their order.

        :param images: what they are called.
        :param contents: the bytes of image files. None is as bad as no bytes.
        :param errors: for each image why it could not be read, or None.
        :raises vitc.VitcError: what concerns more than one image.
        """
        errors = list(errors) if errors is not None else [None] * len(images)
        found: List[Any] = [None] * len(images)
        readable = [index for index, error in enumerate(errors) if error is None]
        results = self._results([contents[index] or b"" for index in readable])
        for index, result in zip(readable, results):
            if isinstance(result, (vitc.OutOfResources, vitc.InternalError)):
                raise result
            if isinstance(result, vitc.VitcError):
                errors[index] = f"{images[index]}: {result.field}: expected {result.expected}, found {result.found}"
            else:
                found[index] = result
        return {"image": list(images), "error": errors, self.column: found}

    def _results(self, contents: List[bytes]) -> List[Any]:
        if self.column == "embedding":
            return self._session.embed(contents, errors="return") if contents else []
        results = self._session.classify(contents, top=self._top, errors="return") if contents else []
        return [result if isinstance(result, vitc.VitcError) else [
            {"class": found.index, "label": found.label, "probability": found.probability} for found in result]
            for result in results]
