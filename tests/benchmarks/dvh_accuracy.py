"""How exact DVHs are, against closed forms, beside dicompyler-core where that can be imported.

Run ``python tests/benchmarks/dvh_accuracy.py``. Three sets of shapes:

- nelms: ball, cylinder and cone of 24 mm, upright and lying, in 1 Gy/mm along y and along z with 16 Gy in the
  centre. Test 1 has contours every 0.2 mm and grids of 1, 2 and 3 mm; the others have contours and grids of 1, 2
  and 3 mm, aligned and shifted by half a voxel. Upright cylinders and cones are drawn on the middles of slabs that
  fill them, the other shapes on planes through and around their centre.
- own: upright shapes in 0.5 Gy/mm, off the grid, drawn on the middles of slabs.
- steep: balls of 10 and 5 mm in a Gaussian dose of 24 Gy, at random places between voxels and planes.

A row has the mean error in % of volumes, the mean and the largest of doses, and how many values are off by more
than 3 %. Doses are D99% D95% D5% D1% D0.03cc Dmean, D50% where the dose is not symmetric about it; for the
counts Dmin and Dmax too. ``--figure FILE.svg`` draws the means.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np

sys.path.append(str(Path(__file__).parents[2] / "sample_plans"))

from analytic_shapes import (
    Shape,
    Truth,
    drawn,
    drawn_at,
    gaussian_dose,
    gaussian_truth,
    linear_dose,
    linear_truth,
    sampled,
)

from rtfractions.dosimetry import structure_dvh
from rtfractions.grid import DoseGrid
from rtfractions.structures import Structure

LEAST_SHOWN = 0.01
"""What the figure shows errors in % as that are smaller."""

SHAPES = [
    Shape("sphere"),
    Shape("cylinder"),
    Shape("cone"),
    Shape("cylinder", "y"),
    Shape("cone", "y"),
]


class Case(NamedTuple):
    """A structure in a dose, and the truth."""

    set_name: str
    structure: Structure
    grid: DoseGrid
    truth: Truth
    median: bool


def nelms() -> Iterator[Case]:
    """Regenerated after Nelms 2015: 30 histograms of Test 1, 60 others."""
    for spacing in (1.0, 2.0, 3.0):
        yield from _nelms("nelms test 1", spacing, 0.2, 0.0)
    for spacing in (1.0, 2.0, 3.0):
        for shift in (0.0, 0.5):
            yield from _nelms(f"nelms {spacing:g} mm", spacing, spacing, shift * spacing)


def _nelms(name: str, spacing_mm: float, slice_mm: float, shift_mm: float) -> Iterator[Case]:
    for shape in SHAPES:
        flat = shape.kind != "sphere" and shape.axis == "z"
        structure = drawn(shape, slice_mm=slice_mm, centred=not flat)
        for along in ("y", "z"):
            dose = linear_dose(along=along, centre_gy=16.0, gy_per_mm=1.0)
            grid = sampled(dose, spacing_mm=spacing_mm, half_mm=15, shift_mm=(shift_mm,) * 3)
            yield Case(
                name, structure, grid, linear_truth(shape, along=along, centre_gy=16.0, gy_per_mm=1.0), False
            )


def own() -> Iterator[Case]:
    """Off the grid, with contours at slab centres: 36 histograms."""
    at = (0.37, -0.61, 0.23)
    for spacing, slice_mm in ((1.0, 1.0), (2.0, 2.0), (2.5, 2.0), (2.5, 3.0), (3.0, 3.0), (1.0, 3.0)):
        for shape in SHAPES[:3]:
            structure = drawn(shape, slice_mm=slice_mm, centred=False, at_mm=at)
            for along in ("y", "z"):
                dose = linear_dose(along=along, centre_gy=16.0, gy_per_mm=0.5, at_mm=at)
                grid = sampled(dose, spacing_mm=spacing, half_mm=24)
                truth = linear_truth(shape, along=along, centre_gy=16.0, gy_per_mm=0.5)
                yield Case("own", structure, grid, truth, True)


def steep() -> Iterator[Case]:
    """Lesions in a Gaussian dose: nine of each size on each grid."""
    random = np.random.default_rng(2026)
    for radius, sigma, grids in ((5.0, 4.0, (1.0, 1.25, 2.0, 2.5)), (2.5, 2.5, (1.0, 1.25, 2.0, 2.5))):
        shape = Shape("sphere", radius_mm=radius)
        truth = gaussian_truth(radius, sigma_mm=sigma, maximum_gy=24.0)
        for spacing in grids:
            slice_mm = 1.0 if spacing in (1.0, 2.0) else 1.25
            for _ in range(9):
                x, y, z = random.uniform(-0.5, 0.5, 3) * spacing
                at = (float(x), float(y), float(z))
                offset = float(random.uniform(-0.5, 0.5)) * slice_mm
                heights = np.arange(-20, 21) * slice_mm + offset
                structure = drawn_at(shape, heights[np.abs(heights) < radius - 1e-3], at)
                dose = gaussian_dose(sigma_mm=sigma, maximum_gy=24.0, at_mm=at)
                grid = sampled(dose, spacing_mm=spacing, half_mm=radius + 12)
                name = f"steep {2 * radius:g} mm on {spacing:g} mm"
                yield Case(name, structure, grid, truth, True)


Values = dict[str, float]


def true_values(case: Case) -> Values:
    """What the closed form says."""
    truth = case.truth
    values = {"volume": truth.volume_mm3, "Dmin": float(truth.dose_gy[0]), "Dmax": float(truth.dose_gy[-1])}
    values |= {f"D{p}%": truth.dose_to(p / 100) for p in _percents(case)}
    return values | {"D0.03cc": truth.dose_to(30 / truth.volume_mm3), "Dmean": truth.mean_gy}


def our_values(case: Case) -> Values:
    """What we compute, by default."""
    dvh = structure_dvh(case.structure, case.grid)
    assert dvh.minimum_gy is not None
    values = {"volume": 1000 * dvh.volume_cm3, "Dmin": dvh.minimum_gy, "Dmax": dvh.maximum_gy}
    values |= {f"D{p}%": dvh.dose_to_hottest(p / 100 * dvh.volume_cm3) for p in _percents(case)}
    return values | {"D0.03cc": dvh.dose_to_hottest(0.03), "Dmean": dvh.mean_gy}


def _percents(case: Case) -> tuple[int, ...]:
    return (99, 95, 50, 5, 1) if case.median else (99, 95, 5, 1)


def dicompyler_values() -> Callable[[Case], Values] | None:
    """What dicompyler-core computes; None where it cannot be imported."""
    try:
        import pydicom
        import pydicom.dicomio
        from synthetic import dicom_bytes
        from synthetic_dose import rt_dose
        from synthetic_structures import Roi, rt_structure_set

        # Its release imports a name that pydicom 3 no longer has.
        with mock.patch.object(pydicom.dicomio, "read_file", pydicom.dcmread, create=True):
            from dicompylercore import dicomparser, dvhcalc
    except ImportError:
        return None

    assert dicomparser  # get_dvh imports it itself, when it could no more

    def values_of(case: Case) -> Values:
        points = [
            np.column_stack((loop, np.full(len(loop), plane.position_mm)))
            for plane in case.structure.planes
            for loop in plane.loops
        ]
        layer = case.grid.layers[0]
        dose = rt_dose(
            "P1",
            1,
            layer.stored,
            scaling=f"{layer.scaling_gy:g}",
            position_mm=case.grid.origin_mm.tolist(),
            spacing_mm=case.grid.spacing_mm,
            offsets_mm=case.grid.frame_offsets_mm.tolist(),
        )
        structures = rt_structure_set("P1", 1, [Roi(1, "S", points)])
        files = [pydicom.dcmread(BytesIO(dicom_bytes(dataset))) for dataset in (structures, dose)]
        found = dvhcalc.get_dvh(*files, 1)
        cumulative = found.cumulative
        counts, bins = cumulative.counts, cumulative.bins

        def dose_to(volume_cm3: float) -> float:
            return float(np.interp(-volume_cm3, -counts, bins[: len(counts)]))

        values = {"volume": 1000 * found.volume, "Dmin": found.min, "Dmax": found.max}
        values |= {f"D{p}%": dose_to(p / 100 * counts[0]) for p in _percents(case)}
        return values | {"D0.03cc": dose_to(0.03), "Dmean": found.mean}

    return values_of


class Errors(NamedTuple):
    """Errors in % of volume, of doses, and of all that are counted."""

    volume: list[float]
    doses: list[float]
    counted: list[float]


def compare(cases: list[Case], tools: dict[str, Callable[[Case], Values]]) -> dict[tuple[str, str], Errors]:
    """Errors of each tool in each set."""
    table: dict[tuple[str, str], Errors] = {}
    for case in cases:
        true = true_values(case)
        for tool, values_of in tools.items():
            errors = table.setdefault((case.set_name, tool), Errors([], [], []))
            off = {name: 100 * abs(value / true[name] - 1) for name, value in values_of(case).items()}
            errors.volume.append(off["volume"])
            errors.doses.extend(
                value for name, value in off.items() if name not in ("volume", "Dmin", "Dmax")
            )
            errors.counted.extend(off.values())
    return table


def figure_of(table: dict[tuple[str, str], Errors]) -> bytes:
    """Mean errors of each set and tool as an SVG; the same bytes each time."""
    from matplotlib.figure import Figure

    from rtfractions.reports.figures import COLOURS, as_bytes

    names = list(dict.fromkeys(name for name, _ in table))
    figure = Figure(figsize=(8.0, 0.34 * len(names) + 1.4), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, title, column in zip(panels, ("volume", "doses (D99% to D0.03cc, mean)"), (0, 1), strict=True):
        for (tool, marker), colour in zip(
            {"ours": "o", "dicompyler-core": "s"}.items(), COLOURS[:2], strict=True
        ):
            rows = [i for i, name in enumerate(names) if (name, tool) in table]
            # Rounded, so that the last digits of another processor move nothing.
            means = [float(f"{np.mean(table[names[i], tool][column]):.2g}") for i in rows]
            shown = np.maximum(means, LEAST_SHOWN)
            axes.plot(shown, rows, marker, color=colour, markersize=6, label=tool, clip_on=False)
        axes.set_xscale("log")
        axes.set_xlim(LEAST_SHOWN, 30)
        axes.set_xticks([0.01, 0.1, 1, 10], ["≤ 0.01", "0.1", "1", "10"])
        axes.set_xlabel("mean error [%]")
        axes.set_title(title, fontsize=10, loc="left")
        axes.grid(axis="x", color="0.9", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_yticks(range(len(names)), names)
    panels[0].invert_yaxis()
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=2, frameon=False)
    return as_bytes(figure, ".svg")


def main() -> None:
    """Print a row for each set and tool."""
    parser = argparse.ArgumentParser()
    parser.add_argument("every", type=int, nargs="?", default=1, help="take only every so many-th case")
    parser.add_argument("--figure", type=Path, help="write the mean errors as an SVG there")
    arguments = parser.parse_args()
    tools: dict[str, Callable[[Case], Values]] = {"ours": our_values}
    if found := dicompyler_values():
        tools["dicompyler-core"] = found
    cases = [*nelms(), *own(), *steep()][:: arguments.every]
    print(f"{'set':24} {'tool':26} {'volume':>7} {'dose':>7} {'largest':>8}   over 3 %")
    table = compare(cases, tools)
    for (name, tool), errors in table.items():
        over = sum(value > 3 for value in errors.counted)
        ratio = f"{over}/{len(errors.counted)}"
        print(
            f"{name:24} {tool:26} {np.mean(errors.volume):7.2f} {np.mean(errors.doses):7.2f} "
            f"{max(errors.doses):8.1f}   {ratio}"
        )
    if arguments.figure:
        arguments.figure.write_bytes(figure_of(table))


if __name__ == "__main__":
    main()
