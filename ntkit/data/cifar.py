"""CIFAR-10 from its official archive: found, downloaded or refused, and read without running what is in it."""

import hashlib
import os
import pickle
import tarfile
import zlib
from pathlib import Path, PurePosixPath

import numpy as np

from ntkit.data.image_sets import ImageSet
from ntkit.data.pickles import byte_arrays

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
MD5 = "c58f30108f718f92721af3b95e74349a"
ARCHIVE = "cifar-10-python.tar.gz"
FOLDER = "cifar-10-batches-py"

_ARCHIVE_BYTES = 170_498_071
_NAMES, _TEST = "batches.meta", "test_batch"
_MD5_OF = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    _TEST: "40351d587109b95175f43aff81a1287e",
    _NAMES: "5ff9c542aee3614f3951f8cda6e48888",
}
_SHAPE, _CLASSES = (3, 32, 32), 10
_DOWNLOAD = "cifar10(download=True) fetches it, 163 MiB"
_GZIP = b"\x1f\x8b"
_LARGEST_FILE = 2**26  # the largest of CIFAR-10 has 31 MB
_STRANGERS = {
    "cifar-100-python": "CIFAR-100",
    "cifar-100-python.tar.gz": "CIFAR-100",
    "fine_label_names.txt": "CIFAR-100",
    "cifar-10-binary.tar.gz": "CIFAR-10's binary version",
    "cifar-10-batches-bin": "CIFAR-10's binary version",
    "data_batch_1.bin": "CIFAR-10's binary version",
    "cifar-10-matlab.tar.gz": "CIFAR-10's MATLAB version",
    "cifar-10-batches-mat": "CIFAR-10's MATLAB version",
    "data_batch_1.mat": "CIFAR-10's MATLAB version",
}


def cifar10(path=None, *, download=False, progress=True):
    """The 60000 colour images of CIFAR-10, 3 × 32 × 32 bytes, 10 classes: 50000 to train on and 10000 to test on.

    Parameters: path, the official archive cifar-10-python.tar.gz, the folder that it unpacks to, or a folder that holds
    either; by default what the environment variable NTKIT_DATA says, or else the user's cache folder.  download fetches
    the archive into that folder where it is not there yet, 163 MiB, and checks it; progress shows a bar meanwhile.
    Returns: ImageSet.  Files of the official format with other contents are taken too; its description says so.
    Raises: FileNotFoundError when it is not there and not to be downloaded; OSError when the download fails; ValueError
    when a file is cut off, damaged, foreign or in parts missing.  Nothing that a file holds is executed.
    Source: A. Krizhevsky (2009), Learning multiple layers of features from tiny images.

    >>> cifar10("no/such/folder")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    FileNotFoundError: CIFAR-10 is not at no/such/folder. cifar10(download=True) fetches it, 163 MiB; ...
    """
    place = _place(path)
    source = fetch(place, progress=progress) if download else _found_at(place)
    if source is None:
        there = {path.name for path in place.iterdir()} if place.is_dir() else set()
        raise FileNotFoundError(f"CIFAR-10 is not at {place}{_strangers(there)}. {_DOWNLOAD}; {_by_hand()}")
    return _image_set(source)


def fetch(place=None, *, progress=True):
    """Where CIFAR-10 lies, downloaded if it was not there: the archive, or its unpacked folder.

    Parameters: as `path` and `progress` of `cifar10`.  The archive appears whole and with the right checksum, or not.
    Raises: OSError when the download fails, ValueError when what came has the wrong checksum; either says what else
    can be done.
    """
    place = _place(place)
    return _found_at(place) or _downloaded(place, progress)


def _place(path):
    """The file or folder to look at."""
    path = path or os.environ.get("NTKIT_DATA")
    if path:
        return Path(path).expanduser()
    import pooch

    return Path(pooch.os_cache("ntkit"))


def _found_at(place):
    """The archive or the unpacked folder at a place, the folder first since it is read faster; None without either."""
    if place.is_file():
        return place
    folders = (place, place / FOLDER)
    unpacked = (folder for folder in folders if any((folder / name).is_file() for name in _MD5_OF))
    archives = (archive for archive in (place / ARCHIVE,) if archive.is_file())
    return next(unpacked, None) or next(archives, None)


def _downloaded(place, progress):
    import pooch
    from tqdm.auto import tqdm

    folder = place.parent if place.name == ARCHIVE else place
    answers = []  # which pooch leaves open when a download fails
    keep = {"response": lambda answer, **_: answers.append(answer)}
    try:
        # The total is needed from the beginning: a bar without one has no truth value, and pooch asks for it.
        with tqdm(desc="CIFAR-10", total=_ARCHIVE_BYTES, unit="B", unit_scale=True, disable=not progress) as bar:
            download = pooch.HTTPDownloader(progressbar=bar, chunk_size=2**18, hooks=keep)
            return Path(pooch.retrieve(URL, f"md5:{MD5}", fname=ARCHIVE, path=folder, downloader=download))
    except OSError as error:
        raise OSError(
            f"CIFAR-10 could not be downloaded from {URL} to {folder}: {error}. Try again, or {_by_hand()}"
        ) from error
    except ValueError as error:
        raise ValueError(
            f"what {URL} sent is not CIFAR-10: its checksum is not md5:{MD5}. It was not kept. A proxy or a login page "
            f"may have answered in its place. If so, {_by_hand()}"
        ) from error
    finally:
        for answer in answers:
            answer.close()


def _by_hand():
    return (
        f"without network, fetch {URL} on another machine and give the file as path, or put it into a folder and name "
        "that in the environment variable NTKIT_DATA."
    )


# ---- from files to images


def _image_set(source):
    """The images of an archive or of an unpacked folder."""
    files = dict(_files(source))  # to the end of an archive before any of it is looked at
    missing = [name for name in _MD5_OF if name not in files]
    if missing:
        raise ValueError(f"{source} lacks {', '.join(missing)}{_strangers(files.keys())}. {_again()}")
    differing = [name for name, md5 in _MD5_OF.items() if _md5(files[name]) != md5]
    contents = {name: _read_file(name, files.pop(name), source) for name in _MD5_OF}
    train = [contents[name] for name in _MD5_OF if name not in (_TEST, _NAMES)]
    return ImageSet(
        name="cifar10",
        train_images=np.concatenate([images for images, _ in train]),
        test_images=contents[_TEST][0].copy(),
        train_labels=np.concatenate([labels for _, labels in train]),
        test_labels=contents[_TEST][1],
        classes=contents[_NAMES],
        mirrors=True,
        description=_description(sum(len(labels) for _, labels in train), len(contents[_TEST][1]), differing),
    )


def _description(train, test, differing):
    authentic = (
        f"Not the published files, by the checksums of {', '.join(differing)}"
        if differing
        else "The published files, by their checksums"
    )
    return f"CIFAR-10 (Krizhevsky 2009), {train} images to train on and {test} to test on, as given. {authentic}."


def _md5(content):
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _files(source):
    """(name, content) of what is in an archive or a folder; without its content, what does not belong to CIFAR-10."""
    return _files_of_archive(source) if source.is_file() else _files_of_folder(source)


def _files_of_folder(folder):
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name in _MD5_OF:
            _require_bearable(path.name, path.stat().st_size, folder)
            yield path.name, path.read_bytes()
        else:
            yield path.name, b""


def _files_of_archive(archive):
    """Read in one pass and never unpacked; a link or a device in it is passed over."""
    try:
        with tarfile.open(archive, "r:gz" if _start(archive).startswith(_GZIP) else "r:") as tar:
            for member in tar:
                name = PurePosixPath(member.name).name
                if member.isfile():
                    _require_bearable(name, member.size, archive)
                    yield name, tar.extractfile(member).read() if name in _MD5_OF else b""
            while tar.fileobj.read(2**20):  # to the checksum at its end
                pass
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise ValueError(_damage(archive, error)) from error


def _damage(archive, error):
    """What is wrong with a file that could not be read as an archive to its end."""
    start = _start(archive)
    if not start.startswith(_GZIP) and start[257:262] != b"ustar":
        page = " It looks like a web page, saved in its place." if start.lstrip()[:1] == b"<" else ""
        return f"{archive} must be a tar archive, plain or by gzip; it is none ({error}).{page} {_again()}"
    size = archive.stat().st_size
    short = f"it has {size} bytes where the official one has {_ARCHIVE_BYTES}" if size != _ARCHIVE_BYTES else str(error)
    return f"{archive} is cut off or damaged: {short}. {_again()}"


def _start(archive):
    with archive.open("rb") as stream:
        return stream.read(512)


def _again():
    return f"Delete it and call cifar10(download=True), or fetch {URL} again."


def _require_bearable(name, size, source):
    if size > _LARGEST_FILE:
        raise ValueError(
            f"{name} in {source} has {size} bytes, and no file of CIFAR-10 more than 31 MB: this is something else."
        )


def _strangers(names):
    """What else these files belong to, as the end of a sentence."""
    found = {_STRANGERS[name] for name in names if name in _STRANGERS}
    if {"train", "test", "meta"} <= names:
        found.add("CIFAR-100")
    return f": it holds {' and '.join(sorted(found))}, and what is read is {ARCHIVE} or its folder" if found else ""


def _read_file(name, content, source):
    """Names of the classes, or the images (n, 3, 32, 32) and labels (n,) of a batch."""
    try:
        record = byte_arrays(content)
    except pickle.UnpicklingError as error:
        raise ValueError(f"{name} of {source} is no file of CIFAR-10: {error}. {_again()}") from error
    return _class_names(record, source) if name == _NAMES else _batch(name, record, source)


def _class_names(record, source):
    names = record.get(b"label_names")
    if not isinstance(names, list) or len(names) != _CLASSES or not all(isinstance(name, bytes) for name in names):
        raise ValueError(f"{_NAMES} of {source} must name {_CLASSES} classes, label_names. {_again()}")
    return tuple(name.decode("ascii", "replace") for name in names)


def _batch(name, record, source):
    images, labels = record.get(b"data"), record.get(b"labels")
    pixels = _SHAPE[0] * _SHAPE[1] * _SHAPE[2]
    if b"fine_labels" in record:
        raise ValueError(f"{name} of {source} is of CIFAR-100, with 100 classes; CIFAR-10 must have 10. {_again()}")
    if not isinstance(images, np.ndarray) or images.ndim != 2 or images.shape[1] != pixels or not len(images):
        got = f"shape {images.shape}" if isinstance(images, np.ndarray) else type(images).__name__
        raise ValueError(
            f"data in {name} of {source} must be bytes of shape (n, {pixels}), n ≥ 1; got {got}. {_again()}"
        )
    if not isinstance(labels, list) or len(labels) != len(images):
        got = len(labels) if isinstance(labels, list) else type(labels).__name__
        raise ValueError(f"labels in {name} of {source} must be a list of {len(images)}; got {got}. {_again()}")
    strange = next((label for label in labels if type(label) is not int or not 0 <= label < _CLASSES), None)
    if strange is not None:
        raise ValueError(f"labels in {name} of {source} must be 0 … {_CLASSES - 1}; got {strange!r}. {_again()}")
    return images.reshape(-1, *_SHAPE), np.array(labels, dtype=np.int64)
