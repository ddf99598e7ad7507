"""Radiobiology: what a dose in fractions is worth, with the model and the alpha/beta beside every number."""

import importlib
from typing import TYPE_CHECKING, Any, Final

from rtfractions.biology.alpha_beta import DEFAULT_ALPHA_BETAS, AlphaBeta, AlphaBetaError, parse_alpha_beta
from rtfractions.biology.arguments import ParameterError
from rtfractions.biology.conversion import Isoeffect, convert
from rtfractions.biology.lq import bed, eqd2, eqdx
from rtfractions.biology.models import LQ, Model, sfed
from rtfractions.biology.quantities import DoseError, SolutionError

if TYPE_CHECKING:
    from rtfractions.biology.alpha_beta_distribution import LognormalAlphaBeta, Spread, monte_carlo
    from rtfractions.biology.compensation import Compensation, CompensationRow, compensate_interruption
    from rtfractions.biology.dose_response import DoseResponse, LinearLogistic, LogLogistic, PoissonGamma50
    from rtfractions.biology.eud import eud_niemierko, geud
    from rtfractions.biology.high_dose_models import LQL, MLQ, USC
    from rtfractions.biology.ntcp import LKB, RelativeSeriality, dvh_ntcp
    from rtfractions.biology.protraction import (
        bed_decaying_source,
        bed_ldr,
        bed_pdr,
        bed_permanent_implant,
        bed_protracted,
        effective_treatment_days,
        lea_catcheside_g,
    )
    from rtfractions.biology.provenance import DoseBasis, Provenance, Verification
    from rtfractions.biology.rbe import (
        PROTON_RBE,
        bed_variable_rbe,
        rbe_notices,
        rbe_variable,
        rbe_weighted_dose,
    )
    from rtfractions.biology.reirradiation import (
        PriorCourse,
        cumulative_eqd2,
        doi_nieder_recovery,
        residual_dose_per_fraction,
        residual_tolerance,
        unverified_jones_grant_bed,
    )
    from rtfractions.biology.repair import (
        IncompleteRepair,
        bed_incomplete_repair,
        bed_of_fractions,
        incomplete_repair_factor,
        repair_factor_of_times,
    )
    from rtfractions.biology.repair_kinetics import RepairKinetics
    from rtfractions.biology.repopulation import (
        Repopulation,
        TreatmentTime,
        bed_time,
        eqd2_isoeffective,
        eqd2_time_corrected,
        repopulation_gy_per_day,
    )
    from rtfractions.biology.sabr import SABRFlag, SizeAdjustedTCP, sabr_flag, tcp_size_adjusted
    from rtfractions.biology.solvers import (
        IsoeffectiveSchedule,
        isoeffective_schedule,
        solve_alpha_beta,
        solve_dose_per_fraction,
        solve_n_fractions,
    )
    from rtfractions.biology.tcp import PoissonTCP, dvh_tcp
    from rtfractions.biology.treatment_week import TreatmentWeek, elapsed_days, treatment_days
    from rtfractions.biology.uncertainty import (
        AlphaBetaInterval,
        UncertaintyError,
        ValueRange,
        flip_alpha_beta,
        lq_range,
        lq_sigma,
        sampled_range,
    )

__all__ = [
    "DEFAULT_ALPHA_BETAS",
    "LKB",
    "LQ",
    "LQL",
    "MLQ",
    "PROTON_RBE",
    "USC",
    "AlphaBeta",
    "AlphaBetaError",
    "AlphaBetaInterval",
    "Compensation",
    "CompensationRow",
    "DoseBasis",
    "DoseError",
    "DoseResponse",
    "IncompleteRepair",
    "Isoeffect",
    "IsoeffectiveSchedule",
    "LinearLogistic",
    "LogLogistic",
    "LognormalAlphaBeta",
    "Model",
    "ParameterError",
    "PoissonGamma50",
    "PoissonTCP",
    "PriorCourse",
    "Provenance",
    "RelativeSeriality",
    "RepairKinetics",
    "Repopulation",
    "SABRFlag",
    "SizeAdjustedTCP",
    "SolutionError",
    "Spread",
    "TreatmentTime",
    "TreatmentWeek",
    "UncertaintyError",
    "ValueRange",
    "Verification",
    "bed",
    "bed_decaying_source",
    "bed_incomplete_repair",
    "bed_ldr",
    "bed_of_fractions",
    "bed_pdr",
    "bed_permanent_implant",
    "bed_protracted",
    "bed_time",
    "bed_variable_rbe",
    "compensate_interruption",
    "convert",
    "cumulative_eqd2",
    "doi_nieder_recovery",
    "dvh_ntcp",
    "dvh_tcp",
    "effective_treatment_days",
    "elapsed_days",
    "eqd2",
    "eqd2_isoeffective",
    "eqd2_time_corrected",
    "eqdx",
    "eud_niemierko",
    "flip_alpha_beta",
    "geud",
    "incomplete_repair_factor",
    "isoeffective_schedule",
    "lea_catcheside_g",
    "lq_range",
    "lq_sigma",
    "monte_carlo",
    "parse_alpha_beta",
    "rbe_notices",
    "rbe_variable",
    "rbe_weighted_dose",
    "repair_factor_of_times",
    "repopulation_gy_per_day",
    "residual_dose_per_fraction",
    "residual_tolerance",
    "sabr_flag",
    "sampled_range",
    "sfed",
    "solve_alpha_beta",
    "solve_dose_per_fraction",
    "solve_n_fractions",
    "tcp_size_adjusted",
    "treatment_days",
    "unverified_jones_grant_bed",
]

_ON_DEMAND: Final = {
    "alpha_beta_distribution": ("LognormalAlphaBeta", "Spread", "monte_carlo"),
    "compensation": ("Compensation", "CompensationRow", "compensate_interruption"),
    "dose_response": ("DoseResponse", "LinearLogistic", "LogLogistic", "PoissonGamma50"),
    "eud": ("eud_niemierko", "geud"),
    "high_dose_models": ("LQL", "MLQ", "USC"),
    "ntcp": ("LKB", "RelativeSeriality", "dvh_ntcp"),
    "protraction": (
        "bed_decaying_source",
        "bed_ldr",
        "bed_pdr",
        "bed_permanent_implant",
        "bed_protracted",
        "effective_treatment_days",
        "lea_catcheside_g",
    ),
    "provenance": ("DoseBasis", "Provenance", "Verification"),
    "rbe": ("PROTON_RBE", "bed_variable_rbe", "rbe_notices", "rbe_variable", "rbe_weighted_dose"),
    "reirradiation": (
        "PriorCourse",
        "cumulative_eqd2",
        "doi_nieder_recovery",
        "residual_dose_per_fraction",
        "residual_tolerance",
        "unverified_jones_grant_bed",
    ),
    "repair": (
        "IncompleteRepair",
        "bed_incomplete_repair",
        "bed_of_fractions",
        "incomplete_repair_factor",
        "repair_factor_of_times",
    ),
    "repair_kinetics": ("RepairKinetics",),
    "repopulation": (
        "Repopulation",
        "TreatmentTime",
        "bed_time",
        "eqd2_isoeffective",
        "eqd2_time_corrected",
        "repopulation_gy_per_day",
    ),
    "sabr": ("SABRFlag", "SizeAdjustedTCP", "sabr_flag", "tcp_size_adjusted"),
    "solvers": (
        "IsoeffectiveSchedule",
        "isoeffective_schedule",
        "solve_alpha_beta",
        "solve_dose_per_fraction",
        "solve_n_fractions",
    ),
    "tcp": ("PoissonTCP", "dvh_tcp"),
    "treatment_week": ("TreatmentWeek", "elapsed_days", "treatment_days"),
    "uncertainty": (
        "AlphaBetaInterval",
        "UncertaintyError",
        "ValueRange",
        "flip_alpha_beta",
        "lq_range",
        "lq_sigma",
        "sampled_range",
    ),
}
"""What plain BED and EQD2 do without, by module: imported when first asked for, so that commands start sooner."""


def __getattr__(name: str) -> Any:
    """A name of one of the modules that are imported on demand."""
    for module, names in _ON_DEMAND.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
