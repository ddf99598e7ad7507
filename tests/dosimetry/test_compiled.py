"""Compiled loops give what numpy gives, and are used only where they are asked for."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from analytic_shapes import AXIAL, Floats, Shape, drawn, drawn_at, gaussian_dose, sampled
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from synthetic import dicom_bytes
from synthetic_clinic import clinic_dose, clinic_structures
from synthetic_structures import Roi, rt_structure_set

from rtfractions.compiled import VARIABLE, compiles
from rtfractions.dicom import Limits, decimal_loop, discover, read_patient
from rtfractions.dicom.dose import read_dose
from rtfractions.dicom.reading import dataset_of
from rtfractions.dicom.structure_set import read_structure_set
from rtfractions.dosimetry import DVH, Combined, Grown, model_dvh, model_of, region_dvh, structure_dvh
from rtfractions.errors import SettingError
from rtfractions.grid import DoseGrid, Layer
from rtfractions.structures import Plane, Structure
from rtfractions_cli.group import MODULES

Compute = Callable[[], DVH]

needs_numba = pytest.mark.skipif(
    find_spec("numba") is None, reason="numba is not installed: pip install 'rtfractions[fast]'"
)

GRID = sampled(gaussian_dose(sigma_mm=12, maximum_gy=60, at_mm=(1, 2, -1)), spacing_mm=2.5, half_mm=35)


@pytest.fixture(autouse=True)
def choice_of_each_test() -> Iterator[None]:
    """A process chooses once; here each test does, and what follows has what it had."""
    compiles.cache_clear()
    yield
    compiles.cache_clear()


def assert_same(compute: Compute, monkeypatch: pytest.MonkeyPatch) -> DVH:
    found = []
    for value in ("0", "1"):
        monkeypatch.setenv(VARIABLE, value)
        compiles.cache_clear()
        assert compiles() is (value == "1")
        found.append(compute())
    by_numpy, by_numba = found
    np.testing.assert_allclose(by_numba.dose_gy, by_numpy.dose_gy, rtol=1e-9)
    np.testing.assert_allclose(
        by_numba.volume_cm3_at, by_numpy.volume_cm3_at, rtol=1e-9, atol=1e-9 * by_numpy.volume_cm3
    )
    numbers = [
        (one.volume_cm3, one.covered_fraction, one.minimum_gy or 0.0, one.maximum_gy, one.mean_gy)
        for one in found
    ]
    assert numbers[1] == pytest.approx(numbers[0], rel=1e-9)
    assert by_numba.notices == by_numpy.notices
    return by_numba


@needs_numba
def test_the_benchmarks_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits()
    dose, structure_set = (dataset_of(dicom_bytes(one()), limits) for one in (clinic_dose, clinic_structures))
    grid = read_dose(dose, limits=limits).grid
    structures = read_structure_set(structure_set).structures
    assert len(structures) >= 30
    for structure in structures:
        assert_same(partial(structure_dvh, structure, grid), monkeypatch)


@needs_numba
@pytest.mark.parametrize("stored", [np.uint16, np.uint32, np.int32, np.int64])
@pytest.mark.parametrize("radius", [2.5, 8.0, 16.0, 24.0])
def test_balls(radius: float, stored: type, monkeypatch: pytest.MonkeyPatch) -> None:
    ball = drawn(Shape("sphere", radius_mm=radius), slice_mm=2, centred=True, at_mm=(0.4, 0.3, -0.2))
    values: NDArray[Any] = np.round(GRID.layers[0].stored * (GRID.layers[0].scaling_gy / 0.001)).astype(
        stored
    )
    grid = DoseGrid((Layer(values, 0.001),), GRID.origin_mm, AXIAL, GRID.frame_offsets_mm, GRID.spacing_mm)
    assert_same(partial(structure_dvh, ball, grid), monkeypatch)


def turned(degrees: float) -> Floats:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[1, 0, 0], [0, c, s], [0, -s, c]])


@needs_numba
@pytest.mark.parametrize("radius", [6.0, 17.0, 24.0])
@pytest.mark.parametrize(
    "axes",
    [AXIAL, AXIAL[[1, 2, 0]], AXIAL[[2, 0, 1]], AXIAL * [[-1], [1], [-1]], turned(30)],
    ids=["axial", "coronal", "sagittal", "flipped", "oblique"],
)
def test_orientations(radius: float, axes: Floats, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    values = random.integers(1000, 60_000, (21, 23, 22))
    origin: Floats = -(axes.T @ (np.array([20, 22, 21]) * 1.25))
    grid = DoseGrid((Layer(values, 0.001),), origin, axes, np.arange(21.0) * 2.5, (2.5, 2.5))
    ball = drawn(Shape("sphere", radius_mm=radius), slice_mm=3, centred=True, at_mm=(0.4, 0.3, -0.2))
    assert_same(partial(structure_dvh, ball, grid), monkeypatch)


@needs_numba
@pytest.mark.parametrize("interpolation", ["auto", "linear"])
def test_uneven_frames_and_several_layers(interpolation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(2)
    layers = tuple(
        Layer(random.integers(0, 60_000, (14, 20, 20)).astype(np.uint16), scaling)
        for scaling in (0.001, 0.0003)
    )
    gaps = np.array([2, 2, 3, 3, 2, 2.5, 2.5, 3, 2, 2, 4, 2, 2])
    offsets: Floats = np.concatenate(([0.0], np.cumsum(gaps)))
    ball = drawn(Shape("sphere", radius_mm=9), slice_mm=2, centred=True)
    for some in (layers, layers[:1]):
        grid = DoseGrid(some, np.array([-19, -19, -16.0]), AXIAL, offsets, (2.0, 2.0))
        option: Any = interpolation
        assert_same(partial(structure_dvh, ball, grid, dose_interpolation=option), monkeypatch)


@needs_numba
@pytest.mark.parametrize("stored", ["backwards", "big-endian", "read-only"])
def test_a_grid_that_is_stored_otherwise(stored: str, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = GRID.layers[0]
    values = np.asfortranarray(layer.stored) if stored == "backwards" else layer.stored.copy()
    if stored == "big-endian":
        values = values.astype(">i4")
    values.flags.writeable = stored != "read-only"
    grid = DoseGrid(
        (Layer(values, layer.scaling_gy),), GRID.origin_mm, AXIAL, GRID.frame_offsets_mm, GRID.spacing_mm
    )
    for radius in (5.0, 20.0):
        ball = drawn(Shape("sphere", radius_mm=radius), slice_mm=2, centred=True)
        assert_same(partial(structure_dvh, ball, grid), monkeypatch)


_ANGLE = np.arange(60) * (2 * np.pi / 60)
_CIRCLE = np.column_stack((np.cos(_ANGLE), np.sin(_ANGLE)))
_RANDOM = np.random.default_rng(3)

DAMAGED = {
    "crosses itself": [np.array([[-9, -9], [9, 9], [9, -9], [-9, 9]], float)],
    "a spike": [np.vstack((_CIRCLE * 8, [[8.0, 0], [30, 0.001], [8, 0.002]]))],
    "points twice": [np.repeat(_CIRCLE * 8, 2, axis=0)],
    "a line beside": [_CIRCLE * 8, np.array([[12.0, 0], [20, 0], [12, 0]])],
    "overlapping": [_CIRCLE * 8, _CIRCLE * 8 + [6, 0]],
    "a hole": [_CIRCLE * 9, _CIRCLE[::-1] * 4],
    "the same twice and a part": [_CIRCLE * 8, _CIRCLE * 8, _CIRCLE * 5],
    "a comb": [np.column_stack((np.tile([-9.0, 9.0], 100), np.linspace(-9, 9, 200)))],
    "along the lines": [np.array([[-8.0, -8], [8, -8], [8, 0], [0, 0], [0, 8], [-8, 8]])],
    "a tangle": [_RANDOM.uniform(-10, 10, (300, 2))],
}


@needs_numba
@pytest.mark.parametrize("interpolation", ["linear", "cubic"])
@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_shapes(
    damage: str, interpolation: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # E10 to E16
    heights = [-6.0, -3.0, -2.9, 0.0, 3.0, 12.0]
    planes = tuple(
        Plane(z, tuple(np.ascontiguousarray(loop * (1 - 0.02 * i)) for loop in DAMAGED[damage]))
        for i, z in enumerate(heights)
    )
    structure = Structure(number=1, name="DAMAGED", planes=planes)
    option: Any = interpolation
    assert_same(partial(structure_dvh, structure, GRID, dose_interpolation=option), monkeypatch)


@needs_numba
def test_single_planes_and_partial_coverage(monkeypatch: pytest.MonkeyPatch) -> None:  # E20, E34
    shape = Shape("sphere", radius_mm=10)
    one = drawn_at(shape, np.array([0.5]), (0.0, 0.0, 0.0))
    assert_same(partial(structure_dvh, one, GRID), monkeypatch)
    for at in ((33.0, 0.0, 0.0), (0.0, 33.0, 0.0), (0.0, 0.0, 33.0)):
        beyond = drawn(shape, slice_mm=2, centred=True, at_mm=at)
        dvh = assert_same(partial(structure_dvh, beyond, GRID), monkeypatch)
        assert dvh.covered_fraction < 1


@needs_numba
def test_regions_and_phases(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (
        drawn(Shape("sphere", radius_mm=radius), slice_mm=3, centred=True, at_mm=(x, 0.0, 0.0))
        for radius, x in ((14.0, -3.0), (9.0, 6.0))
    )
    for region in (Combined("difference", first, second), Grown(second, 4.0)):
        assert_same(partial(region_dvh, region, GRID), monkeypatch)
    grids = [GRID, sampled(gaussian_dose(sigma_mm=20, maximum_gy=20, at_mm=(0, 0, 0)), spacing_mm=3, half_mm=33)]  # fmt: skip
    model = model_of(first, grids)

    def eqd2(doses: Sequence[Floats]) -> Floats:
        return np.asarray(sum(dose * (dose / 10 + 3) / 5 for dose in doses))

    compute = partial(model_dvh, model, grids, eqd2, quantity="eqd2", alpha_beta_gy=3.0)
    assert_same(compute, monkeypatch)


BALL = """
import sys
sys.path.insert(0, {samples!r})
from analytic_shapes import Shape, drawn, linear_dose, sampled
from rtfractions.dosimetry import structure_dvh
grid = sampled(linear_dose(along="y", centre_gy=40, gy_per_mm=0.5), spacing_mm=3, half_mm=15)
structure_dvh(drawn(Shape("sphere", radius_mm=8), slice_mm=3, centred=True), grid)
print("numba" in sys.modules)
"""


@pytest.mark.parametrize("value", [None, "0", pytest.param("1", marks=needs_numba)])
def test_numba_is_imported_only_where_it_is_asked_for(
    value: str | None, child_environment: dict[str, str], samples: Path
) -> None:
    environment = {name: one for name, one in child_environment.items() if name != VARIABLE}
    if value is not None:
        environment[VARIABLE] = value
    script = BALL.format(samples=str(samples))
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout.strip() == str(value == "1")


def test_numba_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "1")
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(SettingError, match=r"RTFRACTIONS_FAST.*not installed.*rtfractions\[fast\]"):
        structure_dvh(drawn(Shape("sphere"), slice_mm=3, centred=True), GRID)


def test_it_is_no_fault_of_what_is_read(samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "1")
    monkeypatch.setitem(sys.modules, "numba", None)
    (path,) = (samples / "patient").rglob("structures.dcm")
    with pytest.raises(SettingError, match="not installed"):
        read_structure_set(dataset_of(path.read_bytes(), Limits()))
    found = discover((samples / "patient",), Limits())
    with pytest.raises(SettingError, match="not installed"):
        read_patient(found.patients[0], found, limits=Limits())


def test_numba_that_is_broken_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # as one whose numpy is too new for it
    (tmp_path / "numba.py").write_text("raise ImportError('Numba needs NumPy 1.26 or less')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    monkeypatch.setenv(VARIABLE, "1")
    with pytest.raises(
        SettingError, match=r"numba, which cannot be imported: install rtfractions\[fast\] anew"
    ):
        structure_dvh(drawn(Shape("sphere"), slice_mm=3, centred=True), GRID)


@pytest.mark.parametrize("command", MODULES)
def test_every_command_tells_it_at_once(
    command: str, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "1")
    monkeypatch.setitem(sys.modules, "numba", None)
    result = run(command)
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "rtfractions: error: RTFRACTIONS_FAST asks for numba, which is not installed: "
        "install rtfractions[fast], or unset it\n"
    )


WITHOUT_NUMBA = """
import sys
sys.modules["numba"] = None
from rtfractions_cli.main import main
code = main()
assert "numpy" not in sys.modules
sys.exit(code)
"""


def test_nothing_is_made_where_numba_is_not(
    child_environment: dict[str, str], samples: Path, tmp_path: Path
) -> None:
    command = ("audit", samples / "patient", "--protocol", "NCT03406468", "-o", tmp_path / "out")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NUMBA, *command],
        env={**child_environment, VARIABLE: "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "which is not installed" in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_command_refuses_a_choice_that_cannot_be(
    run: Callable[..., Any], samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "yes")
    result = run("dvh", samples / "patient")
    assert (result.code, result.out) == (2, "")
    assert "RTFRACTIONS_FAST is 'yes': set it to 1 or to 0" in result.err


@needs_numba
def test_without_a_place_for_its_cache_it_compiles_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    import numba

    from rtfractions import compiled
    from rtfractions.dosimetry import sample_loops

    made = numba.njit

    def nowhere(function: Any, *, cache: bool = False, **options: Any) -> Any:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return made(function, **options)

    monkeypatch.setattr(numba, "njit", nowhere)
    monkeypatch.setenv(VARIABLE, "1")
    compiled._compiled.cache_clear()
    spread_over = compiled.compiled(sample_loops.spread_over)
    assert spread_over is not None
    spread, doubtful = spread_over(np.array([20.0]), np.array([[3.0], [4.0], [12.0]]), 0.0, 29.0)
    assert (spread[0], doubtful[0]) == (6.5, True)
    compiled._compiled.cache_clear()


@given(
    st.lists(
        st.one_of(
            st.decimals(-1000, 1000, places=3).map(str),
            st.floats(-1e5, 1e5).map(repr),
            st.from_regex(rb"[ ]?[+-]?([0-9]{1,9}\.?|[0-9]{0,5}\.[0-9]{1,9})[ ]?", fullmatch=True).map(
                bytes.decode
            ),
        ),
        min_size=1,
        max_size=9,
    )
)
@settings(max_examples=200, deadline=None)
def test_decimals_are_decoded_to_the_float_next_to_them(texts: list[str]) -> None:
    text = np.frombuffer("\\".join(texts).encode(), np.uint8)
    values = np.full(len(texts), np.nan)
    decoded = decimal_loop.plain_decimals(text, values, 10.0 ** np.arange(16.0))
    expected = np.array([float(one) for one in texts])
    short = all(sum(c.isdigit() for c in one) <= 15 and "e" not in one for one in texts)
    assert decoded == short
    if decoded:
        assert values.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    "text", [b"", b"1\\\\2", b"1\\", b"-", b".", b"1 2", b"1,5", b"1e3", b"--1", b"1.2.3", b"nan"]
)
def test_what_is_not_plainly_a_decimal_is_left_to_slower_decoding(text: bytes) -> None:
    values = np.zeros(text.count(b"\\") + 1)
    powers = 10.0 ** np.arange(16.0)
    assert not decimal_loop.plain_decimals(np.frombuffer(text, np.uint8), values, powers)


@needs_numba
def test_contours_are_read_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.random.default_rng(5).uniform(-300, 300, (50, 2)).round(4)
    outline = points[np.argsort(np.arctan2(points[:, 1], points[:, 0]))]
    rois = [Roi(1, "R", [np.column_stack((outline, np.full(50, z))) for z in (0.0, 2.5, 5.0)])]
    content = dicom_bytes(rt_structure_set("P", 1, rois))
    found = []
    for value in ("0", "1"):
        monkeypatch.setenv(VARIABLE, value)
        compiles.cache_clear()
        [structure] = read_structure_set(dataset_of(content, Limits())).structures
        found.append([plane.loops[0].tobytes() for plane in structure.planes])
    assert found[0] == found[1]
