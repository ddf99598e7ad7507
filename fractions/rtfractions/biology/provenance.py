"""Where a model's parameters come from, and of what dose they speak: no parameter exists without both."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, TypeAlias, get_args

from rtfractions.biology.alpha_beta import AlphaBeta
from rtfractions.biology.arguments import ParameterError, number, text
from rtfractions.errors import quoted
from rtfractions.notices import Notice


class Verification(StrEnum):
    """How far a published number was checked against its source."""

    VERIFIED = "verified"
    """Seen in the source named."""

    THIRD_PARTY = "third_party"
    """Seen in another program only."""

    CORROBORATED = "corroborated"
    """Seen in a second, secondary source; the one named was not opened."""

    MEMORY = "memory"
    """From memory, not checked at all."""

    @property
    def words(self) -> str:
        """As a sentence says it."""
        return VERIFICATION_WORDS[self]


VERIFICATION_WORDS: Final = {
    Verification.VERIFIED: "verified",
    Verification.THIRD_PARTY: "seen in another program only, not verified",
    Verification.CORROBORATED: "seen in a secondary source, not verified",
    Verification.MEMORY: "from memory, not verified",
}

Outcome: TypeAlias = Literal["ntcp", "tcp"]
"""What a probability is of: a complication of normal tissue, or control of a tumour."""

Quantity: TypeAlias = Literal["physical", "eqd2", "bed", "not_stated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseBasis:
    """What kind of dose a model was fitted to, or a DVH holds.

    Attributes
    ----------
    quantity : str
        ``"physical"``, ``"eqd2"``, ``"bed"``; ``"not_stated"`` where the source does not say.
    alpha_beta_gy : float or None
        alpha/beta of the conversion to EQD2 or BED; None for other quantities.
    fractions : float or None
        The number of fractions a physical dose was given in, where the fit is for that number.

    Raises
    ------
    ParameterError
        If the quantity is unknown, or lacks its alpha/beta, or has what it cannot have.
    """

    quantity: Quantity
    alpha_beta_gy: float | None = None
    fractions: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.quantity, str) or self.quantity not in get_args(Quantity):
            raise ParameterError(
                f"the dose basis is {quoted(self.quantity)}", remedy=f"one of {', '.join(get_args(Quantity))}"
            )
        if (self.quantity in ("eqd2", "bed")) != (self.alpha_beta_gy is not None):
            raise ParameterError("alpha/beta belongs to EQD2 and BED, and to nothing else")
        if self.alpha_beta_gy is not None:
            ratio = AlphaBeta(value_gy=self.alpha_beta_gy, source="dose basis").value_gy
            object.__setattr__(self, "alpha_beta_gy", ratio)
        if self.fractions is not None:
            if self.quantity != "physical":
                raise ParameterError("a number of fractions belongs to physical dose, and to nothing else")
            fractions = number(self.fractions, "the number of fractions", low=1, high=1e6)
            object.__setattr__(self, "fractions", fractions)

    def __str__(self) -> str:
        if self.quantity == "physical":
            return "physical dose" + ("" if self.fractions is None else f" in {self.fractions:g} fractions")
        if self.quantity == "not_stated":
            return "a dose that is not stated"
        return f"{self.quantity.upper()} (a/b={self.alpha_beta_gy:g})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Who published the parameters of a model, for what, and of what dose.

    Attributes
    ----------
    source : str
        The citation.
    verification : Verification
        How far the numbers were checked against it.
    endpoint : str
        What the probability is of, as ``"pneumonitis, grade 2 or more"``.
    outcome : str
        ``"ntcp"`` or ``"tcp"``.
    dose_basis : DoseBasis
        The dose that the fit was made to.
    note : str
        What else a user must know.

    Raises
    ------
    ParameterError
        If any of the first five is missing.
    """

    source: str
    verification: Verification
    endpoint: str
    outcome: Outcome
    dose_basis: DoseBasis
    note: str = ""

    def __post_init__(self) -> None:
        text(self.source, "the source of the parameters")
        text(self.endpoint, "the endpoint of the parameters")
        if not isinstance(self.outcome, str) or self.outcome not in get_args(Outcome):
            raise ParameterError(
                f"the outcome of the parameters is {quoted(self.outcome)}", remedy="ntcp or tcp"
            )
        if not isinstance(self.note, str):
            raise ParameterError(f"the note is {quoted(self.note)}", remedy="give a text")
        if not isinstance(self.dose_basis, DoseBasis):
            raise ParameterError(
                f"the dose basis of the parameters is {quoted(self.dose_basis)}", remedy="give a DoseBasis"
            )
        try:
            object.__setattr__(self, "verification", Verification(self.verification))
        except ValueError:
            raise ParameterError(
                f"the verification state is {quoted(self.verification)}",
                remedy=f"one of {', '.join(Verification)}",
            ) from None

    def notices(self, given: DoseBasis) -> tuple[Notice, ...]:
        """What a result on doses of the basis `given` must say.

        Raises
        ------
        ParameterError
            If the doses are not of the kind the parameters were fitted to.
        """
        if not isinstance(given, DoseBasis):
            raise ParameterError(
                f"the basis of the doses is {quoted(given)}",
                remedy="give a DoseBasis: physical dose, EQD2 or BED",
            )
        notices = [
            Notice(
                "dose-response.indicative",
                f"{self.endpoint}: indicative only; the parameters hold for the patients they were fitted to "
                f"({self.source})",
            )
        ]
        fitted = self.dose_basis
        if fitted.quantity == "not_stated" or given.quantity == "not_stated":
            notices.append(
                Notice(
                    "dose-response.basis-not-stated",
                    f"{self.endpoint}: the parameters are of {fitted}, the doses given are {given}; "
                    "whether they fit together was not checked",
                )
            )
        elif fitted.quantity != given.quantity or fitted.alpha_beta_gy != given.alpha_beta_gy:
            raise ParameterError(
                f"the parameters ({self.source}) are of {fitted}, the doses given are {given}",
                remedy="convert the doses",
            )
        elif fitted.fractions is not None and fitted.fractions != given.fractions:
            raise ParameterError(
                f"the parameters ({self.source}) are of {fitted}, the doses given are {given}",
                remedy="state the number of fractions, or convert the doses to that number",
            )
        if self.verification is not Verification.VERIFIED:
            notices.append(
                Notice(
                    "dose-response.unverified-parameters",
                    f"{self.endpoint}: the parameters are {self.verification.words} ({self.source})",
                )
            )
        return tuple(notices)


def checked_provenance(value: object) -> Provenance:
    """The provenance of parameters, which must be there."""
    if not isinstance(value, Provenance):
        raise ParameterError(
            f"the provenance of the parameters is {quoted(value)}",
            remedy="give source, verification, endpoint and dose basis",
        )
    return value
