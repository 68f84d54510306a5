"""What is known of free memory, and the refusal of what would not fit."""

import pytest

from ntkit import memory


def test_a_matrix_of_the_machines_size_is_refused_with_its_size_and_the_way_out():
    with pytest.raises(
        MemoryError, match=r"2 dense 1000000 × 1000000 matrices take 14.55 TiB, and .* are free.*blocks"
    ):
        memory.ensure_fits(10**6, copies=2)


def test_one_matrix_is_spoken_of_in_the_singular():
    with pytest.raises(MemoryError, match=r"1 dense 1000 × 2000 matrix takes 15.26 MiB, and 1 MiB are free. Rest."):
        memory.ensure_fits((1000, 2000), free=2**20, instead="Rest.")


def test_what_fits_or_cannot_be_known_passes(monkeypatch):
    memory.ensure_fits(1000, free=8 * 1000**2)
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    memory.ensure_fits(10**9)


def test_half_precision_takes_half():
    assert memory.memory_needed((100, 50), copies=3, itemsize=4) == 3 * 4 * 100 * 50


def test_some_memory_is_free_here():
    assert 2**20 < memory.available_memory() < 2**60


def write(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.mark.parametrize("version", ["", "memory/"])
def test_a_control_group_leaves_its_limit_less_what_it_cannot_drop(tmp_path, version):
    names = ("memory.limit_in_bytes", "memory.usage_in_bytes") if version else ("memory.max", "memory.current")
    droppable = "total_inactive_file" if version else "inactive_file"
    write(tmp_path, {version + names[0]: "1000\n", version + names[1]: "700\n"})
    write(tmp_path, {version + "memory.stat": f"anon 500\n{droppable} 200\n"})
    assert memory._control_group_free(tmp_path) == 1000 - 700 + 200


def test_a_control_group_without_a_limit_or_none_at_all_says_nothing(tmp_path):
    assert memory._control_group_free(tmp_path) is None
    write(tmp_path, {"memory.max": "max", "memory.current": "5", "memory.stat": "inactive_file 0"})
    assert memory._control_group_free(tmp_path) is None


@pytest.mark.parametrize(("size", "text"), [(0, "0 B"), (1023, "1023 B"), (2**20, "1 MiB"), (2**62, "4096 PiB")])
def test_sizes_are_readable(size, text):
    assert memory.readable_size(size) == text


def test_free_pages_are_counted_where_the_system_has_no_meminfo():
    assert memory._free_pages() > 2**20
