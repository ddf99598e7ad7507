"""Large structures in steep doses: exact where a closed form is known, converged elsewhere (docs/accuracy.md)."""

import os
from collections.abc import Callable, Sequence
from math import erf, sqrt
from pathlib import Path

import numpy as np
import pytest
from analytic_shapes import AXIAL, Floats

from rtfractions.dicom import Limits
from rtfractions.dicom.dose import read_dose
from rtfractions.dicom.reading import dataset_of
from rtfractions.dicom.structure_set import read_structure_set
from rtfractions.dosimetry import (
    DVH,
    Combined,
    engine,
    model_dvh,
    model_of,
    region_dvh,
    structure_dvh,
)
from rtfractions.dosimetry.modelling import Model, steps_for
from rtfractions.dosimetry.sampling import Steps, divided
from rtfractions.grid import DoseGrid, Layer
from rtfractions.structures import Plane, Structure

DATA = os.environ.get("RTFRACTIONS_EXTERNAL_DATA")

DOSE = 0.003
"""Part by which D50%, D2% and the mean may be off."""

VOLUME = 0.001
"""Part of the volume by which the volume at a dose may be off."""

HEIGHTS: Floats = np.arange(-8.0, 9.0) * 3.0 + 1.5
"""Of contours on frames, so that every slab reaches over one: the greatest error where it is not cut there."""

SPACING_MM = {"x": 2.5, "y": 2.5, "z": 3.0}


def penumbra(x: float) -> float:
    """A field edge: 16 Gy inside, with 1 % transmission outside."""
    return 16 * (0.01 + 0.99 * (1 - erf(x / (sqrt(2) * 3.0))) / 2)


def falling_off(x: float) -> float:
    """A tenth every 20 mm."""
    return float(10 * 10 ** (-x / 20))


def along_axis(profile: Callable[[float], float], axis: str, shift_mm: float) -> tuple[DoseGrid, Floats]:
    """A dose that changes along one axis only, stored to 1e-9 Gy; and the planes of voxels along that axis."""
    shape = np.array([30, 40, 40])
    spacing = np.array([SPACING_MM[name] for name in "zyx"])
    first = -(shape - 1) / 2 * spacing
    number = "zyx".index(axis)
    first[number] += shift_mm
    planes = first[number] + spacing[number] * np.arange(shape[number])
    profiles = np.array([profile(float(one)) for one in planes])
    values = np.broadcast_to(profiles.reshape([-1 if k == number else 1 for k in range(3)]), shape)
    stored = np.round(values * 1e9).astype(np.int64)
    offsets = spacing[0] * np.arange(float(shape[0]))
    return DoseGrid((Layer(stored, 1e-9),), first[::-1].copy(), AXIAL, offsets, (2.5, 2.5)), planes


def box(half_mm: tuple[float, float], heights: Floats) -> Structure:
    a, b = half_mm
    corners = np.array([[-a, -b], [a, -b], [a, b], [-a, b]])
    return Structure(number=1, name="BOX", planes=tuple(Plane(float(z), (corners,)) for z in heights))


def volume_at(dvh: DVH, dose_gy: float) -> float:
    return dvh.volume_with_at_least(dose_gy) / dvh.volume_cm3


@pytest.mark.parametrize("shift", [0.0, 0.4, 1.25])
@pytest.mark.parametrize("axis", ["x", "y", "z"])
@pytest.mark.parametrize("profile", [penumbra, falling_off], ids=["penumbra", "falling off"])
def test_a_dose_along_one_axis_is_exact_between_voxels(
    profile: Callable[[float], float], axis: str, shift: float
) -> None:
    grid, planes = along_axis(profile, axis, shift)
    structure = box((24.3, 23.6), HEIGHTS)
    low, high = {"x": (-24.3, 24.3), "y": (-23.6, 23.6), "z": (-24.0, 27.0)}[axis]
    dvh = structure_dvh(structure, grid)
    assert dvh.settings.dose_interpolation == "linear"
    # Dose falls from one end to the other, and linearly between planes: where it has a value is known.
    doses = np.array([profile(float(one)) for one in planes])
    at = np.concatenate(([low], planes[(planes > low) & (planes < high)], [high]))
    there = np.interp(at, planes, doses)
    mean = float((np.diff(at) * (there[1:] + there[:-1]) / 2).sum()) / (high - low)
    assert dvh.mean_gy == pytest.approx(mean, rel=1e-4)
    for part in (0.02, 0.5, 0.95, 0.98):
        true = float(np.interp(low + part * (high - low), planes, doses))
        assert dvh.dose_to_hottest(part * dvh.volume_cm3) == pytest.approx(true, rel=DOSE)
    for dose in (0.3, 1.0, 3.0, 8.0):
        place = float(np.interp(-dose, -doses, planes))
        true = (min(max(place, low), high) - low) / (high - low)
        assert volume_at(dvh, dose) == pytest.approx(true, abs=VOLUME)


def finer(model: Model, grids: Sequence[DoseGrid]) -> Steps:
    """Eight times as many rows of cells, each with as many scanlines as before; half as large along the others.

    Along those the dose of a cell is linear, so that nothing but its shape is left to find.
    """
    steps = steps_for(model, grids)
    return steps._replace(
        v_mm=steps.v_mm / 8,
        w_mm=steps.w_mm / 2,
        u_edges_mm=divided(steps.u_edges_mm, 2),
        v_edges_mm=divided(steps.v_edges_mm, 8),
        w_edges_mm=divided(steps.w_edges_mm, 2),
    )


@pytest.fixture
def by_finer_steps(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], DVH]], DVH]:
    def compute(of: Callable[[], DVH]) -> DVH:
        with monkeypatch.context() as patched:
            patched.setattr(engine, "steps_for", finer)
            return of()

    return compute


def assert_converged(dvh: DVH, fine: DVH) -> None:
    assert dvh.mean_gy == pytest.approx(fine.mean_gy, rel=DOSE)
    for part in (0.02, 0.5):
        found, reference = (one.dose_to_hottest(part * one.volume_cm3) for one in (dvh, fine))
        assert found == pytest.approx(reference, rel=DOSE)
    for part in (0.05, 0.3, 0.6, 0.95):
        dose = part * fine.maximum_gy
        assert volume_at(dvh, dose) == pytest.approx(volume_at(fine, dose), abs=VOLUME)


def breast(wall_mm: float | None) -> Structure:
    """A dome over a flat back, as a breast on a chest wall; or its wall only."""
    planes = []
    for z in np.arange(-20, 21) * 3.0 + 0.5:
        radius = sqrt(65.0**2 - z**2)
        angle = np.linspace(0, np.pi, 60)
        dome = radius * np.column_stack((np.cos(angle), -0.9 * np.sin(angle)))
        loops: tuple[Floats, ...] = (dome,)
        if wall_mm is not None:
            inner = dome * (1 - wall_mm / radius)
            inner[:, 1] -= 0.3 * wall_mm
            loops = (dome, inner)
        planes.append(Plane(float(z), loops))
    return Structure(number=1, name="BREAST", planes=tuple(planes))


def tangential(shift_mm: float) -> DoseGrid:
    """A field whose edge cuts through the structure askew, and its fall to nothing outside of the skin."""
    z, y, x = np.meshgrid(*(np.arange(-40, 40) * s + shift_mm for s in (3.0, 2.5, 2.5)), indexing="ij")
    edge = 0.8 * y + 0.6 * x + 12.0
    depth = 65.0 - np.sqrt(x**2 + (y / 0.9) ** 2 + z**2)
    inside = 1 / (1 + np.exp(np.clip(edge / 1.6, -60, 60)))
    skin = 1 / (1 + np.exp(np.clip(-depth / 1.2, -60, 60)))
    stored = np.round(16e6 * (0.004 + 0.996 * inside) * skin * (1 + 0.05 * np.sin(x / 15))).astype(np.int64)
    origin = np.array([-100.0, -100.0, -120.0]) + shift_mm
    return DoseGrid((Layer(stored, 1e-6),), origin, AXIAL, np.arange(80.0) * 3, (2.5, 2.5))


@pytest.mark.parametrize("shift", [0.0, 0.9])
@pytest.mark.parametrize("wall", [None, 12.0])
def test_a_breast_at_the_edge_of_a_field_is_converged(
    wall: float | None, shift: float, by_finer_steps: Callable[[Callable[[], DVH]], DVH]
) -> None:
    structure, grid = breast(wall), tangential(shift)

    def compute() -> DVH:
        return structure_dvh(structure, grid)

    assert_converged(compute(), by_finer_steps(compute))


@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_regions_end_at_voxels_too(axis: str) -> None:
    grid, _ = along_axis(penumbra, axis, 0.4)
    structure = box((24.3, 23.6), HEIGHTS)
    one, same = structure_dvh(structure, grid), region_dvh(Combined("union", structure, structure), grid)
    assert_converged(same, one)


def test_samples_end_at_the_voxels_of_every_phase() -> None:
    grids = [along_axis(falling_off, "z", shift)[0] for shift in (0.0, 1.1)]
    structure = box((24.3, 23.6), HEIGHTS)
    total = model_dvh(model_of(structure, grids), grids, lambda doses: doses[0] + doses[1])
    each = [structure_dvh(structure, grid) for grid in grids]
    assert total.mean_gy == pytest.approx(sum(one.mean_gy for one in each), rel=1e-4)
    half = [one.dose_to_hottest(one.volume_cm3 / 2) for one in each]
    assert total.dose_to_hottest(total.volume_cm3 / 2) == pytest.approx(sum(half), rel=DOSE)


def test_an_askew_grid_has_finer_steps() -> None:
    c, s = np.cos(0.3), np.sin(0.3)
    grid, _ = along_axis(falling_off, "z", 0.0)
    turned = DoseGrid(
        grid.layers,
        AXIAL.T @ (np.array([[c, s, 0], [-s, c, 0], [0, 0, 1.0]]).T @ (AXIAL @ grid.origin_mm)),
        np.array([[c, s, 0], [-s, c, 0], [0, 0, 1.0]]).T @ AXIAL,
        grid.frame_offsets_mm,
        grid.spacing_mm,
    )
    model = model_of(box((24.3, 23.6), HEIGHTS), [grid])
    assert max(steps_for(model, [turned])[:3]) < min(steps_for(model, [grid])[:3])


@pytest.mark.skipif(DATA is None, reason="RTFRACTIONS_EXTERNAL_DATA names no folder of real files")
@pytest.mark.parametrize(
    ("folder", "dose", "structures"),
    [
        ("dicompyler-core", "rtdose.dcm", "rtss.dcm"),
        ("dvha-pinnacle", "rtdose.dcm", "rtst.dcm"),
        (
            "aptg-proton",
            "RD1.2.752.243.1.1.20221209141208883.1000.23750.dcm",
            "RS1.2.752.243.1.1.20221209135909128.2180.16718.dcm",
        ),
    ],
)
def test_large_structures_of_real_plans_are_converged(
    folder: str, dose: str, structures: str, by_finer_steps: Callable[[Callable[[], DVH]], DVH]
) -> None:
    limits = Limits()
    files = [
        dataset_of((Path(DATA or "") / folder / name).read_bytes(), limits) for name in (dose, structures)
    ]
    grid = read_dose(files[0], limits=limits).grid
    tested = 0
    for structure in read_structure_set(files[1]).structures:
        if not structure.planes:
            continue
        model = model_of(structure, (grid,))
        if model.small == 1:
            continue
        tested += 1

        def compute(model: Model = model) -> DVH:
            return model_dvh(model, (grid,))

        assert_converged(compute(), by_finer_steps(compute))
    assert tested
