"""CIFAR-10 from archives of the official format, made of twenty real images; what is damaged, foreign or hostile."""

import gzip
import io
import lzma
import os
import pickle
import shutil
import struct
import tarfile
import threading
import warnings
from functools import partial
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pooch
import pytest
from click.testing import CliRunner
from PIL import Image

from ntkit import data
from ntkit.cli import main
from ntkit.data import cifar
from ntkit.data.pickles import byte_arrays

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
BATCHES = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch")


# ---- the official format, as Python 2 wrote it


def real_images():
    """(name, image (32, 32, 3), label) of the twenty images of CIFAR-10 that foolbox carries, without importing it."""
    folder = Path(find_spec("foolbox").submodule_search_locations[0], "data")
    paths = sorted(folder.glob("cifar10_*.png"))
    return [(path.name, np.asarray(Image.open(path)), int(path.stem.split("_")[2])) for path in paths]


class Python2Pickle:
    """A dictionary as cPickle of Python 2 writes it in protocol 2: text is `str`, arrays are those of its numpy."""

    def __init__(self, record):
        self.memo = 0
        self.content = b"\x80\x02" + self.any(record) + b"."

    def any(self, value):
        kinds = {dict: self.dictionary, list: self.list, bytes: self.text, int: self.integer, np.ndarray: self.array}
        return kinds[type(value)](value)

    def remembered(self):
        self.memo += 1
        return b"q" + bytes([self.memo]) if self.memo < 256 else b"r" + struct.pack("<I", self.memo)

    def dictionary(self, items):
        start = b"}" + self.remembered()
        return start + b"(" + b"".join(self.text(key) + self.any(value) for key, value in items.items()) + b"u"

    def list(self, items):
        return b"]" + self.remembered() + b"(" + b"".join(map(self.any, items)) + b"e"

    def text(self, value):
        short = len(value) < 256
        return (
            (b"U" + bytes([len(value)]) if short else b"T" + struct.pack("<I", len(value))) + value + self.remembered()
        )

    def integer(self, value):
        if 0 <= value < 256:
            return b"K" + bytes([value])
        return b"M" + struct.pack("<H", value) if 0 <= value < 65536 else b"J" + struct.pack("<i", value)

    def array(self, values):
        shape = b"".join(map(self.integer, values.shape)) + {1: b"\x85", 2: b"\x86"}[values.ndim]
        made = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        kind, order = {"|": (b"u1", b"|"), "<": (b"f4", b"<")}[values.dtype.str[0]]
        nothing = b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00"
        number = b"cnumpy\ndtype\nU\x02" + kind + b"K\x00K\x01\x87R(K\x03U\x01" + order + nothing + b"tb"
        return made + b"(K\x01" + shape + number + b"\x89" + self.text(values.tobytes()) + b"tb"


def batch(images, about=b"training batch"):
    """The dictionary of a batch."""
    return {
        b"batch_label": about,
        b"labels": [label for *_, label in images],
        b"data": np.stack([pixels.transpose(2, 0, 1).reshape(-1) for _, pixels, _ in images]),
        b"filenames": [name.encode() for name, *_ in images],
    }


def official_records():
    """Three images in each training batch, five in the test batch."""
    images = real_images()
    shares = [images[3 * i : 3 * i + 3] for i in range(5)] + [images[15:]]
    meta = {b"num_cases_per_batch": 10000, b"label_names": [name.encode() for name in CLASSES], b"num_vis": 3072}
    return {name: batch(share) for name, share in zip(BATCHES, shares, strict=True)} | {"batches.meta": meta}


def official_files():
    return {name: Python2Pickle(record).content for name, record in official_records().items()}


def tar_of(files, folder="cifar-10-batches-py", mode="w:gz"):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def archive(tmp_path):
    return written(tmp_path / cifar.ARCHIVE, tar_of(official_files()))


@pytest.fixture
def unpacked(tmp_path):
    folder = tmp_path / cifar.FOLDER
    folder.mkdir()
    for name, content in official_files().items():
        written(folder / name, content)
    return folder


def written(path, content):
    path.write_bytes(content)
    return path


def changed(tmp_path, **records):
    """An archive in which some files hold other records, or are left out where the record is None."""
    files = official_records() | records
    contents = {
        name: record if isinstance(record, bytes) else Python2Pickle(record).content
        for name, record in files.items()
        if record is not None
    }
    return written(tmp_path / "changed.tar.gz", tar_of(contents))


class TestReading:
    def test_made_files_are_those_that_pickle_reads(self):
        for name, content in official_files().items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that numpy has moved since they were written
                expected = pickle.loads(content, encoding="bytes")
            found = byte_arrays(content)
            assert found.keys() == expected.keys(), name
            for key, value in expected.items():
                assert np.array_equal(found[key], value), (name, key)

    def test_images_are_the_pictures(self, archive):
        images = data.cifar10(archive)
        pictures = real_images()
        assert images.shape == (3, 32, 32)
        assert (images.train_images.dtype, images.train_labels.dtype) == (np.uint8, np.int64)
        everything = np.concatenate([images.train_images, images.test_images])
        labels = np.concatenate([images.train_labels, images.test_labels])
        assert len(images.test_labels) == 5
        for image, label, (_, picture, expected) in zip(everything, labels, pictures, strict=True):
            assert label == expected
            for channel in range(3):
                assert np.array_equal(image[channel], picture[:, :, channel])

    def test_is_an_image_set_with_names_and_mirrors(self, archive):
        images = data.cifar10(archive)
        assert (images.name, images.classes, images.mirrors) == ("cifar10", CLASSES, True)
        assert images.train_images.flags.writeable
        assert images.test_images.flags.writeable
        assert images.subset(train=4).shape == (3, 32, 32)
        assert data.image_set("cifar10", path=archive).fingerprint == images.fingerprint

    def test_says_when_files_are_not_the_published_ones(self, archive, monkeypatch):
        assert "Not the published files, by the checksums of data_batch_1," in (data.cifar10(archive).description)
        for name, content in official_files().items():
            monkeypatch.setitem(cifar._MD5_OF, name, md5(content).hexdigest())
        assert "The published files, by their checksums" in data.cifar10(archive).description
        assert "15 images to train on and 5 to test on" in data.cifar10(archive).description

    def test_places_are_the_archive_its_folder_or_what_holds_them(self, archive, unpacked):
        expected = data.cifar10(archive).fingerprint
        for place in (unpacked, archive.parent, str(unpacked)):
            assert data.cifar10(place).fingerprint == expected
        shutil.rmtree(unpacked)
        assert data.cifar10(archive.parent).fingerprint == expected

    def test_a_plain_tar_does_and_what_else_is_in_it_is_passed_over(self, tmp_path, archive):
        files = {"readme.html": b"<p>", "._data_batch_1": b"\x00\x05", **official_files()}
        plain = written(tmp_path / "plain.tar", tar_of(files, folder="a/b/c", mode="w"))
        assert data.cifar10(plain).fingerprint == data.cifar10(archive).fingerprint

    def test_other_files_may_lie_in_the_folder(self, unpacked, archive):
        (unpacked / "subfolder").mkdir()
        with (unpacked / "large.bin").open("wb") as stream:
            stream.truncate(2**30)
        assert data.cifar10(unpacked).fingerprint == data.cifar10(archive).fingerprint

    def test_the_environment_says_where(self, archive, monkeypatch):
        monkeypatch.setenv("NTKIT_DATA", str(archive.parent))
        assert len(data.cifar10().train_labels) == 15

    def test_the_cache_is_looked_at_otherwise(self, archive, monkeypatch):
        monkeypatch.delenv("NTKIT_DATA", raising=False)
        monkeypatch.setattr(pooch, "os_cache", lambda project: archive.parent if project == "ntkit" else None)
        assert len(data.image_set("cifar10").train_labels) == 15


class TestDamage:
    def test_not_there_says_how_to_get_it(self, tmp_path, monkeypatch):
        for place in (tmp_path / "nowhere", tmp_path):
            with pytest.raises(FileNotFoundError) as caught:
                data.cifar10(place)
            message = str(caught.value)
            assert message.startswith(f"CIFAR-10 is not at {place}. cifar10(download=True) fetches it")
            assert "give the file as path" in message
            assert "NTKIT_DATA" in message
            assert cifar.URL in message
        monkeypatch.setenv("NTKIT_DATA", str(tmp_path / "elsewhere"))
        with pytest.raises(FileNotFoundError, match="elsewhere"):
            data.cifar10()

    @pytest.mark.parametrize("share", [0.01, 0.1, 0.3, 0.5, 0.7, 0.9])
    @pytest.mark.parametrize("mode", ["w:gz", "w"])
    def test_cut_off_archives(self, tmp_path, share, mode):
        whole = tar_of(official_files(), mode=mode)
        cut = written(tmp_path / "cut.tar.gz", whole[: int(share * len(whole))])
        with pytest.raises(ValueError, match=r"cut.tar.gz (is cut off or damaged: it has \d+ bytes where the|lacks)"):
            data.cifar10(cut)

    def test_a_changed_byte_in_the_archive(self, tmp_path, archive):
        content = bytearray(archive.read_bytes())
        for place in range(100, len(content), len(content) // 15):
            damaged = bytearray(content)
            damaged[place] ^= 0x10
            with pytest.raises(ValueError, match="is cut off or damaged"):
                data.cifar10(written(tmp_path / "damaged.tar.gz", damaged))

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "must be a tar archive, plain or by gzip; it is none"),
            (b"just text", "must be a tar archive, plain or by gzip; it is none"),
            (lzma.compress(b"just text"), "must be a tar archive, plain or by gzip; it is none"),
            (b" \n<!DOCTYPE html><html>", "It looks like a web page, saved in its place"),
            (gzip.compress(b"just text " * 100), "is cut off or damaged"),
        ],
        ids=["empty", "text", "xz", "web page", "gzip of text"],
    )
    def test_what_is_no_archive(self, tmp_path, content, message):
        with pytest.raises(ValueError, match=message):
            data.cifar10(written(tmp_path / "file.tar.gz", content))

    @pytest.mark.parametrize("name", [*BATCHES, "batches.meta"])
    def test_a_missing_file(self, tmp_path, unpacked, name):
        with pytest.raises(ValueError, match=rf"changed.tar.gz lacks {name}\. Delete it and call cifar10\(download=T"):
            data.cifar10(changed(tmp_path, **{name: None}))
        (unpacked / name).unlink()
        with pytest.raises(ValueError, match=rf"{cifar.FOLDER} lacks {name}"):
            data.cifar10(unpacked)

    def test_a_file_that_cannot_be_one_of_these(self, tmp_path, unpacked):
        with (unpacked / "data_batch_3").open("wb") as stream:
            stream.truncate(2**27)
        with pytest.raises(ValueError, match=r"data_batch_3 in .* has 134217728 bytes, and no file of"):
            data.cifar10(unpacked)
        member = tarfile.TarInfo("cifar-10-batches-py/data_batch_1")
        member.size = 2**40
        with pytest.raises(ValueError, match=f"has {2**40} bytes"):
            data.cifar10(written(tmp_path / "huge.tar", member.tobuf() + bytes(10240)))

    def test_links_are_not_followed(self, tmp_path):
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w:gz") as tar:
            link = tarfile.TarInfo("cifar-10-batches-py/data_batch_1")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
            tar.addfile(link)
        with pytest.raises(ValueError, match="lacks data_batch_1"):
            data.cifar10(written(tmp_path / "links.tar.gz", stream.getvalue()))


class TestForeign:
    def test_cifar_100(self, tmp_path):
        fine = {**batch(real_images()), b"fine_labels": [3] * 20, b"coarse_labels": [1] * 20}
        content = Python2Pickle(fine).content
        other = tar_of({"train": content, "test": content, "meta": content}, folder="cifar-100-python")
        with pytest.raises(ValueError, match=r"lacks data_batch_1, .*: it holds CIFAR-100, and what is read is ci"):
            data.cifar10(written(tmp_path / "cifar-100-python.tar.gz", other))
        with pytest.raises(FileNotFoundError, match="it holds CIFAR-100"):
            data.cifar10(tmp_path)
        with pytest.raises(ValueError, match=r"data_batch_1 of .* is of CIFAR-100, with 100 classes"):
            data.cifar10(changed(tmp_path, data_batch_1=fine))

    def test_the_binary_version(self, tmp_path):
        other = tar_of({"data_batch_1.bin": b"\x01" * 3073}, folder="cifar-10-batches-bin")
        with pytest.raises(ValueError, match="it holds CIFAR-10's binary version"):
            data.cifar10(written(tmp_path / "cifar-10-binary.tar.gz", other))

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"data": np.zeros((3, 3071), np.uint8)}, r"bytes of shape \(n, 3072\), n ≥ 1; got shape \(3, 3071\)"),
            ({"data": np.zeros((0, 3072), np.uint8)}, r"got shape \(0, 3072\)"),
            ({"data": np.zeros(3072, np.uint8)}, r"got shape \(3072,\)"),
            ({"data": [1, 2, 3]}, "got list"),
            ({"data": np.zeros((3, 3072), np.float32)}, "it holds an array of b'f4', not of bytes"),
            ({"labels": [1, 2]}, "labels in data_batch_2 .* must be a list of 3; got 2"),
            ({"labels": b"abc"}, "must be a list of 3; got bytes"),
            ({"labels": [1, 2, 10]}, "must be 0 … 9; got 10"),
            ({"labels": [1, -1, 2]}, "got -1"),
            ({"labels": [1, b"2", 2]}, "got b'2'"),
        ],
    )
    def test_batches_of_another_form(self, tmp_path, change, message):
        record = official_records()["data_batch_2"] | {key.encode(): value for key, value in change.items()}
        with pytest.raises(ValueError, match=message):
            data.cifar10(changed(tmp_path, data_batch_2=record))

    @pytest.mark.parametrize("key", ["data", "labels"])
    def test_batches_without_a_part(self, tmp_path, key):
        record = official_records()["test_batch"]
        del record[key.encode()]
        with pytest.raises(ValueError, match=f"{key} in test_batch .* got NoneType"):
            data.cifar10(changed(tmp_path, test_batch=record))

    @pytest.mark.parametrize("names", [[b"cat"], b"names", [3] * 10])
    def test_names_of_another_form(self, tmp_path, names):
        with pytest.raises(ValueError, match="must name 10 classes, label_names"):
            data.cifar10(changed(tmp_path, **{"batches.meta": {b"label_names": names}}))


# ---- hostile files


class Hostile:
    """Runs a command when it is unpickled in the ordinary way."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


HOSTILE_PROGRAMS = {
    "a function of a module": b"cos\nsystem\n(S'touch touched'\ntR.",
    "a builtin": b'cbuiltins\neval\n(S\'open("touched", "w")\'\ntR.',
    "another function of numpy": b"cnumpy\nfromfile\n(S'touched'\ntR.",
    "a private function of numpy": b"cnumpy.core.multiarray\nscalar\n.",
    "an attribute of what is allowed": b"\x80\x04\x8c\x05numpy\x8c\x10ndarray.__class__\x93.",
    "an instance": b"(S'touch touched'\nios\nsystem\n.",
    "attributes set on what is allowed": b"cnumpy\ndtype\n}U\x04_actcos\nsystem\nsb.",
    "attributes set by slots": b"cnumpy\ndtype\nN}U\x04_actK\x01s\x86b.",
    "an array called otherwise": b"cnumpy\nndarray\n(K\x05tR.",
    "a new object of what is allowed": b"\x80\x02cnumpy\nndarray\n)\x81.",
    "a persistent name": b"Ptouched\n.",
    "an extension": b"\x80\x02\x82\x01.",
    "an array of objects": (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01K\x01\x85cnumpy\ndtype\nU\x02O8K\x00K\x01\x87R\x89]K\x01atb."
    ),
    "fewer bytes than the shape says": (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01J\xff\xff\xff\x7f\x85cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R\x89U\x01atb."
    ),
    "too little": b"\x80\x02}q\x01(U\x04data",
    "nothing": b"",
    "no dictionary": b"K\x05.",
    "noise": bytes(range(256)),
}


class TestHostile:
    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_a_file_runs_nothing(self, tmp_path, protocol):
        touched = tmp_path / "touched"
        record = {b"data": Hostile(f"touch {touched}"), b"labels": [0]}
        content = pickle.dumps(record, protocol)
        with pytest.raises(ValueError, match=r"data_batch_1 of .* is no file of CIFAR-10: it asks to run \w+\.\w+"):
            data.cifar10(changed(tmp_path, data_batch_1=content))
        assert not touched.exists()
        pickle.loads(content)  # as it would have
        assert touched.exists()

    @pytest.mark.parametrize("program", HOSTILE_PROGRAMS.values(), ids=HOSTILE_PROGRAMS)
    def test_a_program_is_refused(self, tmp_path, monkeypatch, program):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(pickle.UnpicklingError):
            byte_arrays(program)
        with pytest.raises(ValueError, match=r"test_batch of .* is no file of CIFAR-10"):
            data.cifar10(changed(tmp_path, test_batch=program))
        assert not Path("touched").exists()
        # What was attempted has not changed how the next file is read.
        assert len(data.cifar10(changed(tmp_path)).test_labels) == 5

    def test_columnwise_arrays_are_read_as_such(self):
        values = np.arange(12, dtype=np.uint8).reshape(3, 4)
        content = Python2Pickle({b"data": values.T.copy()}).content
        columnwise = content.replace(b"K\x04K\x03\x86", b"K\x03K\x04\x86").replace(b"tb\x89", b"tb\x88")
        assert np.array_equal(byte_arrays(columnwise)[b"data"], values)


# ---- download


class Answer(BaseHTTPRequestHandler):
    """Sends `content`; `promised` bytes are announced."""

    def __init__(self, *arguments, content, promised=None, status=200, asked):
        self.content, self.status, self.asked = content, status, asked
        self.promised = len(content) if promised is None else promised
        super().__init__(*arguments)

    def do_GET(self):
        self.asked.append(self.path)
        self.send_response(self.status)
        self.send_header("Content-Length", str(self.promised))
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_):
        pass


@pytest.fixture
def serve(monkeypatch):
    """Lets the archive come from a server of this machine; gives the list of what it was asked for."""
    servers = []

    def start(content, checksum_of=None, **how):
        asked = []
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Answer, content=content, asked=asked, **how))
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(server)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setattr(cifar, "URL", f"http://127.0.0.1:{server.server_port}/{cifar.ARCHIVE}")
        monkeypatch.setattr(cifar, "MD5", md5(checksum_of or content).hexdigest())
        return asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


class TestDownload:
    @pytest.mark.parametrize("progress", [True, False])
    def test_fetches_once_and_reads(self, tmp_path, serve, capsys, progress):
        content = tar_of(official_files())
        asked, folder = serve(content), tmp_path / "new" / "folder"
        first = data.cifar10(folder, download=True, progress=progress)
        assert [path.name for path in folder.iterdir()] == [cifar.ARCHIVE]
        assert (folder / cifar.ARCHIVE).read_bytes() == content
        assert ("CIFAR-10" in capsys.readouterr().err) == progress
        again = data.cifar10(folder, download=True, progress=progress)
        assert first.fingerprint == again.fingerprint == data.cifar10(folder).fingerprint
        assert len(asked) == 1

    def test_goes_where_the_environment_says(self, tmp_path, serve, monkeypatch):
        serve(tar_of(official_files()))
        monkeypatch.setenv("NTKIT_DATA", str(tmp_path))
        assert cifar.fetch(progress=False) == tmp_path / cifar.ARCHIVE
        assert len(data.cifar10().train_labels) == 15

    def test_a_path_may_be_that_of_the_archive_to_be(self, tmp_path, serve):
        serve(tar_of(official_files()))
        place = tmp_path / cifar.ARCHIVE
        assert cifar.fetch(place, progress=False) == place
        assert place.is_file()

    def test_what_is_there_is_never_overwritten(self, archive, serve):
        asked, before = serve(tar_of(official_files(), folder="other")), archive.read_bytes()
        data.cifar10(archive.parent, download=True)
        assert archive.read_bytes() == before
        assert asked == []

    @pytest.mark.parametrize("progress", [True, False])
    @pytest.mark.parametrize(
        ("how", "error", "message"),
        [
            ({"content": b"half", "promised": 8}, OSError, "could not be downloaded from http.*IncompleteRead"),
            ({"content": b"", "status": 404}, OSError, "could not be downloaded from http.*404"),
            ({"content": b"", "status": 503}, OSError, "could not be downloaded from http.*503"),
            (
                {"content": b"<html>log in</html>", "checksum_of": b"archive"},
                ValueError,
                r"what http.* sent is not CIFAR-10: its checksum is not md5:[0-9a-f]{32}\. It was not kept. A proxy",
            ),
        ],
    )
    def test_failures_say_why_leave_nothing_and_show_the_way_out(self, tmp_path, serve, how, error, message, progress):
        serve(**how)
        with pytest.raises(error, match=message) as caught:
            data.cifar10(tmp_path, download=True, progress=progress)
        assert list(tmp_path.iterdir()) == []
        assert "on another machine and give the file as path" in str(caught.value)

    def test_no_server(self, tmp_path, serve, monkeypatch):
        serve(b"")
        monkeypatch.setattr(cifar, "URL", "http://127.0.0.1:9/nobody-listens")
        with pytest.raises(OSError, match=r"could not be downloaded from .*without network, fetch"):
            data.cifar10(tmp_path, download=True, progress=False)
        assert list(tmp_path.iterdir()) == []

    def test_an_interrupt_leaves_nothing(self, tmp_path, serve, monkeypatch):
        serve(tar_of(official_files()))

        def interrupted(_, url, output_file, pooch):
            Path(output_file).write_bytes(b"half")
            raise KeyboardInterrupt

        monkeypatch.setattr(pooch.HTTPDownloader, "__call__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            data.cifar10(tmp_path, download=True, progress=False)
        assert list(tmp_path.iterdir()) == []

    def test_a_folder_that_may_not_be_written(self, tmp_path, serve):
        serve(tar_of(official_files()))
        in_the_way = written(tmp_path / "file", b"")
        with pytest.raises(OSError, match="could not be downloaded from"):
            data.cifar10(in_the_way / "folder", download=True, progress=False)


class TestCommand:
    def test_prints_where_the_archive_lies(self, tmp_path, serve):
        asked = serve(tar_of(official_files()))
        for _ in range(2):
            told = CliRunner().invoke(main, ["fetch", "cifar10", "--to", str(tmp_path)])
            assert told.exit_code == 0
            assert told.stdout == f"{tmp_path / cifar.ARCHIVE}\n"
            assert "15 images to train on and 5 to test on" in told.stderr
        assert len(asked) == 1

    def test_explains_what_went_wrong(self, tmp_path, serve):
        serve(b"", status=404)
        told = CliRunner().invoke(main, ["fetch", "cifar10", "--to", str(tmp_path)])
        assert told.exit_code == 1
        assert "404" in told.stderr
        assert "without network, fetch" in told.stderr
        damaged = written(tmp_path / cifar.ARCHIVE, b"just text")
        told = CliRunner().invoke(main, ["fetch", "cifar10", "--to", str(damaged)])
        assert told.exit_code == 1
        assert "must be a tar archive" in " ".join(told.stderr.split())
