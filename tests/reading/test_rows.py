"""Pieces to rows, and wide pieces to parts."""

from __future__ import annotations

import numpy as np
from written import mnist_digits

from thumbnet.reading.cuts import cut_piece
from thumbnet.reading.pieces import Piece, find_pieces, usual_height
from thumbnet.reading.rows import find_rows


def block(top: float, left: float, height: int = 40, width: int = 25) -> Piece:
    return Piece(round(top), round(left), np.ones((height, width), bool), 0.8)


def tops(row_pieces: list[Piece]) -> list[int]:
    return [piece.left for piece in row_pieces]


def test_rows_are_found_whatever_their_slope_and_wave() -> None:
    for slope in (-0.15, 0.0, 0.15):
        pieces = [
            block(100 + 80 * row + slope * 45 * index + 12 * (index % 2), 20 + 45 * index)
            for row in range(3)
            for index in range(8)
        ]
        rows = find_rows(pieces)
        assert [len(row.pieces) for row in rows] == [8, 8, 8]
        for row in rows:
            assert tops(row.pieces) == sorted(tops(row.pieces))
        assert abs(rows[0].slope - slope) < 0.1


def test_a_wide_gap_does_not_end_a_row() -> None:
    rows = find_rows([block(50, 0), block(55, 40), block(48, 600), block(150, 20)])
    assert [len(row.pieces) for row in rows] == [3, 1]


def test_a_small_part_goes_to_the_row_it_lies_in() -> None:
    roof = Piece(45, 30, np.ones((5, 18), bool), 0.8)
    rows = find_rows([block(50, 0), block(55, 40), block(150, 20), roof])
    assert roof in rows[0].pieces


def test_what_lies_far_from_every_row_is_left_out() -> None:
    dot = Piece(400, 400, np.ones((5, 5), bool), 0.8)
    rows = find_rows([block(50, 0), block(55, 40), dot])
    assert all(dot not in row.pieces for row in rows)


def test_nothing_makes_no_rows() -> None:
    assert find_rows([]) == []


def test_the_usual_height_is_that_of_most_ink_not_of_most_pieces() -> None:
    specks = [block(0, 9 * index, 3, 3) for index in range(30)]
    assert usual_height([block(0, 0), block(0, 50, 44), *specks]) >= 40


def test_touching_digits_come_apart_where_they_touch() -> None:
    zero, six = (digit > 100 for digit in mnist_digits("06"))
    columns = np.flatnonzero(zero.any(0))
    left = zero[:, columns[0] : columns[-1] + 1]
    columns = np.flatnonzero(six.any(0))
    right = six[:, columns[0] : columns[-1] + 1]
    joined = np.concatenate([left, right], 1)
    joined = np.kron(joined[joined.any(1)], np.ones((4, 4))) > 0
    piece = Piece(0, 0, joined, 0.8)
    parts = cut_piece(piece, float(joined.shape[0]))
    assert sum(part.area for part in parts) >= 0.98 * piece.area
    assert all(part.cut_cost is not None for part in parts[1:])
    seam = left.shape[1] * 4
    # Of the best of the cuts: how much ink is on the wrong side.
    wrong = []
    for number in range(1, len(parts)):
        before, after = parts[:number], parts[number:]
        wrong.append(
            sum(part.mask[:, max(seam - part.left, 0) :].sum() for part in before)
            + sum(part.mask[:, : max(seam - part.left, 0)].sum() for part in after)
        )
    assert min(wrong) < 0.1 * piece.area


def test_a_narrow_piece_is_not_cut() -> None:
    piece = block(0, 0)
    assert cut_piece(piece, 45) == [piece]


def test_specks_and_pale_stains_are_no_pieces() -> None:
    contrast = np.zeros((200, 300), np.float32)
    contrast[50:90, 50:58] = 0.8
    contrast[50:90, 150:158] = 0.2
    contrast[10, 10] = 0.9
    pieces = find_pieces(contrast > 0.1, contrast)
    assert [(piece.top, piece.left) for piece in pieces] == [(50, 50)]


def test_the_desk_about_a_sheet_is_no_piece() -> None:
    contrast = np.zeros((200, 300), np.float32)
    contrast[:, :30] = 0.7
    contrast[50:90, 150:158] = 0.8
    pieces = find_pieces(contrast > 0.1, contrast)
    assert [(piece.top, piece.left) for piece in pieces] == [(50, 150)]


def test_lower_halves_of_broken_digits_stand_in_their_row_not_below_it() -> None:
    whole = [block(100, 20 + 45 * index) for index in range(3, 8)]
    upper = [block(100, 20 + 45 * index, height=22) for index in range(3)]
    lower = [block(119, 20 + 45 * index, height=21) for index in range(3)]
    (row,) = find_rows(whole + upper + lower)
    assert len(row.pieces) == 11
    # A row of its own below, of the same size, stays one.
    below = [block(144, 20 + 45 * index, height=21) for index in range(3)]
    assert len(find_rows(whole + upper + below)) == 2
