import pytest

from thumbnet.errors import OutputError
from thumbnet.evaluation.atomic import write_atomically


def test_old_file_is_replaced_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "result.bin"
    path.write_bytes(b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_missing_folder_is_an_output_error_that_names_the_file(tmp_path):
    path = tmp_path / "nowhere" / "result.bin"
    with pytest.raises(OutputError, match=r"No such file(.|\n)*got: .*nowhere.result\.bin"):
        write_atomically(path, b"new")


def test_failure_to_replace_leaves_no_partial_file(tmp_path):
    path = tmp_path / "taken"
    path.mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        write_atomically(path, b"new")
    assert list(tmp_path.iterdir()) == [path]
