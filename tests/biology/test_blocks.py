"""Large arrays are converted in blocks: the same numbers, without a temporary of their size."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rtfractions.biology import LQL, DoseError, bed, eqd2, eqdx
from rtfractions.biology.elementwise import BLOCK

CONVERSIONS: dict[str, Callable[..., Any]] = {
    "bed": lambda dose, **out: bed(dose, fractions=30, alpha_beta_gy=3, **out),
    "eqd2": lambda dose, **out: eqd2(dose, fractions=30, alpha_beta_gy=3, **out),
    "eqdx": lambda dose, **out: eqdx(
        dose, fractions=30, alpha_beta_gy=3, reference_dose_per_fraction_gy=3, **out
    ),
    "lql": lambda dose, **out: LQL(3, transition_dose_gy=2).bed_gy(dose, fractions=30, **out),
}
each = pytest.mark.parametrize("convert", CONVERSIONS.values(), ids=CONVERSIONS)


def doses(shape: tuple[int, ...], dtype: Any = np.float64) -> Any:
    return (np.random.default_rng(1).random(shape) * 80).astype(dtype)


@each
@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 7])
def test_block_borders_change_nothing(convert: Callable[..., Any], size: int) -> None:
    dose = doses((size,))
    found = convert(dose)
    picked = [0, 1, BLOCK - 1, BLOCK, size - 1]
    for i in (i for i in picked if 0 <= i < size):
        assert found[i] == convert(float(dose[i]))


@each
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f8", ">f4", "u1", "u2", "i4", "u4", "i8"])
def test_every_type_is_converted_in_float64(convert: Callable[..., Any], dtype: str) -> None:
    dose = doses((50, 30, 50), dtype)
    found = convert(dose)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, convert(dose.astype(np.float64)))


@each
def test_the_layout_of_an_array_does_not_matter(convert: Callable[..., Any]) -> None:
    dose = doses((40, 60, 50))
    whole = convert(dose)
    for view in (np.s_[::2, :, ::-3], np.s_[:, 5], np.s_[..., None], np.s_[::-1]):
        np.testing.assert_array_equal(convert(dose[view]), whole[view])
    np.testing.assert_array_equal(convert(dose.T), whole.T)
    np.testing.assert_array_equal(convert(np.asfortranarray(dose)), whole)
    np.testing.assert_array_equal(
        convert(np.broadcast_to(dose[:1], (7, 60, 50))), np.repeat(whole[:1], 7, axis=0)
    )


@each
def test_a_result_is_written_where_it_is_asked_for(convert: Callable[..., Any]) -> None:
    dose = doses((30, 40, 50), np.float32)
    out = np.full((30, 40, 50), np.nan)
    assert convert(dose, out=out) is out
    np.testing.assert_array_equal(out, convert(dose))
    strided = np.full((30, 40, 100), np.nan)[..., ::2]
    convert(dose, out=strided)
    np.testing.assert_array_equal(strided, out)


def read_only(shape: tuple[int, ...]) -> Any:
    array = np.empty(shape)
    array.flags.writeable = False
    return array


@each
@pytest.mark.parametrize(
    "out",
    [
        np.empty((3, 4), np.float32),
        np.empty((3, 4), ">f8"),
        np.empty((4, 3)),
        np.empty(12),
        np.empty((1, 3, 4)),
        read_only((3, 4)),
        [[0.0] * 4] * 3,
        "out",
    ],
    ids=str,
)
def test_a_place_that_cannot_take_the_result_is_refused(convert: Callable[..., Any], out: Any) -> None:
    with pytest.raises(DoseError, match="`out`"):
        convert(doses((3, 4)), out=out)


@each
def test_a_place_that_overlaps_the_dose_is_refused(convert: Callable[..., Any]) -> None:
    dose = doses((101,))
    before = dose.copy()
    for source, out in ((dose, dose), (dose[1:], dose[:-1]), (dose[:-1], dose[1:]), (dose, dose[::-1])):
        with pytest.raises(DoseError, match="overlaps"):
            convert(source, out=out)
    np.testing.assert_array_equal(dose, before)
    with pytest.raises(DoseError, match="single numbers"):
        convert(40.0, out=np.empty(()))


@each
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -1e-9, 1.1e6])
@pytest.mark.parametrize("at", [0, BLOCK, -1])
def test_one_bad_voxel_is_found_in_any_block(convert: Callable[..., Any], value: float, at: int) -> None:
    dose = doses((2 * BLOCK + 7,))
    dose[at] = value
    with pytest.raises(DoseError, match="the dose is"):
        convert(dose)


@each
def test_a_masked_array_is_refused(convert: Callable[..., Any]) -> None:
    with pytest.raises(DoseError, match="masked"):
        convert(np.ma.masked_greater(doses((10,)), 40))


@each
@pytest.mark.parametrize("dtype", ["f4", "f8", "u4"])
def test_no_temporary_has_the_size_of_the_dose(convert: Callable[..., Any], dtype: str) -> None:
    dose = doses((40 * BLOCK,), dtype)
    out = np.empty(dose.shape)
    convert(dose, out=out)  # what is imported on the way stays
    tracemalloc.start()
    convert(dose, out=out)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * BLOCK * 8  # the result alone has 40 blocks
