"""A converted dose grid as a document: what was written, and everything it rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from rtfractions.biology.alpha_beta import AlphaBeta
from rtfractions.doses import DoseType
from rtfractions.errors import counted, printable
from rtfractions.reports.envelope import Context, Envelope
from rtfractions.reports.tables import aligned
from rtfractions.reports.wording import ratio_line, wrapped
from rtfractions.structures import Structure


@dataclass(frozen=True, slots=True)
class OutputEntry:
    """The RT Dose that was written."""

    path: str
    sha256: str
    sop_instance_uid: str
    series_instance_uid: str
    dose_grid_scaling: float


@dataclass(frozen=True, slots=True)
class PhaseEntry:
    """A dose with its number of fractions; `fractions_from_plan` is false where the user gave the number."""

    plan_uids: tuple[str, ...]
    dose_uids: tuple[str, ...]
    dose_type: DoseType
    fractions: int
    fractions_from_plan: bool
    maximum_gy: float


@dataclass(frozen=True, slots=True)
class AlphaBetaEntry:
    """The alpha/beta of a structure's voxels, in order of precedence; structure null: of voxels in none of them."""

    structure: str | None
    number: int | None
    alpha_beta_gy: float
    source: str
    voxels: int


@dataclass(frozen=True, slots=True)
class Conversion:
    """What was converted, how, and to what maximum."""

    quantity: str
    model: str
    phases: tuple[PhaseEntry, ...]
    alpha_betas: tuple[AlphaBetaEntry, ...]
    voxel_rule: str
    maximum_gy: float
    output: OutputEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertDocument(Envelope):
    """What `rtfractions convert` prints; `conversion` is null where nothing was written."""

    schema: Literal["rtfractions.convert/1"]
    conversion: Conversion | None


VOXEL_RULE: Final = (
    "a voxel belongs to a structure when its centre lies inside its contours (even-odd); of several structures "
    "the first counts"
)


def document(conversion: Conversion | None, context: Context) -> ConvertDocument:
    """The document of a conversion, or of one that was refused."""
    return ConvertDocument(**context.head("rtfractions.convert/1"), conversion=conversion)


def conversion_entry(
    *,
    quantity: str,
    phases: Sequence[PhaseEntry],
    alpha_betas: Sequence[tuple[Structure | None, AlphaBeta, int]],
    maximum_gy: float,
    output: OutputEntry,
) -> Conversion:
    """What was converted.

    Parameters
    ----------
    quantity : {"bed", "eqd2"}
        To what.
    phases : sequence of PhaseEntry
        Of which doses.
    alpha_betas : sequence of (Structure or None, AlphaBeta, int)
        Each with its number of voxels, in order of precedence; None stands for what is in no structure.
    maximum_gy : float
        The largest converted dose in Gy.
    output : OutputEntry
        What was written.
    """
    return Conversion(
        quantity=quantity,
        model="lq",
        phases=tuple(phases),
        alpha_betas=tuple(
            AlphaBetaEntry(
                structure=None if structure is None else printable(structure.name),
                number=None if structure is None else structure.number,
                alpha_beta_gy=ratio.value_gy,
                source=ratio.source,
                voxels=voxels,
            )
            for structure, ratio, voxels in alpha_betas
        ),
        voxel_rule=VOXEL_RULE,
        maximum_gy=maximum_gy,
        output=output,
    )


def output_entry(
    path: str, *, sha256: str, sop_instance_uid: str, series_instance_uid: str, scaling_gy: Decimal
) -> OutputEntry:
    """The RT Dose that was written."""
    return OutputEntry(printable(path), sha256, sop_instance_uid, series_instance_uid, float(scaling_gy))


def as_text(document: ConvertDocument) -> str:
    """The document for a reader at a terminal."""
    found = document.conversion
    if found is None:
        return "nothing was written\n"
    lines = [f"{found.output.path}: RT Dose of {found.quantity.upper()}, LQ, EFFECTIVE, not physical dose"]
    for phase in found.phases:
        source = "" if phase.fractions_from_plan else " (given by the user)"
        kind = "Gy(RBE)" if phase.dose_type is DoseType.EFFECTIVE else "Gy"
        lines.append(
            f"  from up to {phase.maximum_gy:.2f} {kind} in {counted(phase.fractions, 'fraction')}{source}"
        )
    lines.append(f"  to up to {found.maximum_gy:.2f} Gy {found.quantity.upper()}")
    rows = [["structure", "alpha/beta Gy", "voxels"]]
    for entry in found.alpha_betas:
        name = "in none of these" if len(found.alpha_betas) > 1 else "everywhere"
        name = name if entry.structure is None else entry.structure
        rows.append([name, f"{entry.alpha_beta_gy:g}", str(entry.voxels)])
    table = aligned(rows, right=(1, 2), indent="  ")
    pairs = dict.fromkeys((entry.alpha_beta_gy, entry.source) for entry in found.alpha_betas)
    sources = "".join(ratio_line(ratio, source) for ratio, source in pairs)
    return "\n".join(lines) + "\n" + table + sources + wrapped(found.voxel_rule)
