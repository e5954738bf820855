"""The images of a folder, on a disk or in an object store."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Iterator, List, Optional, Sequence, Tuple

from pyarrow import fs


def locate(place: str) -> Tuple[fs.FileSystem, str]:
    """A file system and a path in it, of a path here or a URI."""
    if "://" not in place:
        return fs.LocalFileSystem(), os.path.abspath(place)
    return fs.FileSystem.from_uri(place)


class ImageFolder:
    """The images that ``vitrun label --recursive`` takes of a folder, under the names that it gives them. May be sent to
    other processes.

    :param folder: a path that all machines have, or a URI of pyarrow's file systems, such as ``s3://bucket/photos``.
    :raises ValueError: a URI of files here, which have a path.
    """

    _endings = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")

    #: Files that are read at the same time: what takes long is to wait for them.
    _readers = 8

    def __init__(self, folder: str) -> None:
        if folder.startswith("file:"):
            # pyarrow would follow links that lead back to a folder above.
            raise ValueError(f"{folder}: expected a path, or a URI of another machine's files")
        #: As it was named.
        self.name = folder.rstrip("/") or folder
        # Other processes have other working folders.
        self._place = folder if "://" in folder else os.path.abspath(folder)

    def images(self) -> List[str]:
        """The images in the folder and below it, without hidden ones, in order of names.

        :raises OSError: the folder cannot be listed.
        :raises ValueError: there are none.
        """
        if "://" in self._place:
            system, root = self._open()
            below = (entry.path[len(root) + 1:] for entry in system.get_file_info(fs.FileSelector(root, recursive=True))
                     if entry.type != fs.FileType.Directory)
        else:
            below = self._below()
        found = [
            f"{self.name}/{path}" for path in below
            if path.lower().endswith(self._endings) and not any(part.startswith(".") for part in path.split("/"))]
        if not found:
            raise ValueError(f"{self.name}: expected images in it or below, named *{', *'.join(self._endings)}, found none")
        return sorted(found)

    def read(self, images: Sequence[str]) -> Tuple[List[Optional[bytes]], List[Optional[str]]]:
        """The bytes of some of its images, None where there are none, and for each image why, or None.

        :raises OSError: the storage fails, which says nothing of an image.
        """
        system, root = self._open()

        def read(image: str) -> Tuple[Optional[bytes], Optional[str]]:
            try:
                with system.open_input_file(f"{root}{image[len(self.name):]}") as file:
                    return file.read(), None
            except (FileNotFoundError, PermissionError) as error:
                found = os.strerror(error.errno) if error.errno else str(error)
                return None, f"{image}: file: expected a readable file, found {found}"

        with ThreadPoolExecutor(self._readers) as readers:
            pairs = list(readers.map(read, images))
        return [content for content, _ in pairs], [error for _, error in pairs]

    def _below(self) -> Iterator[str]:
        """Paths below a folder here: of links that lead nowhere too, and of each folder once."""

        def fail(error: OSError) -> None:
            raise error

        seen = set()
        for folder, folders, files in os.walk(self._place, followlinks=True, onerror=fail):
            found = os.stat(folder)
            if (found.st_dev, found.st_ino) in seen:
                folders.clear()
                continue
            seen.add((found.st_dev, found.st_ino))
            folders.sort()
            yield from (os.path.relpath(os.path.join(folder, file), self._place) for file in files)

    def _open(self) -> Tuple[fs.FileSystem, str]:
        system, root = locate(self._place)
        return system, root.rstrip("/")
