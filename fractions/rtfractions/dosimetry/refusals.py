"""What was asked of structures and did not come out: which of it is an error of the run."""

from collections.abc import Sequence
from dataclasses import replace

from rtfractions.dosimetry.conversion import ConversionError
from rtfractions.dosimetry.dvh import DVHError
from rtfractions.dosimetry.evaluation import Value
from rtfractions.dosimetry.plan_dvhs import Asked, StructureResult
from rtfractions.errors import RTFractionsError
from rtfractions.metrics import Metric


def refusals_of(
    results: Sequence[StructureResult], asked: Asked, *, by_name: bool
) -> tuple[RTFractionsError, ...]:
    """What was asked for and was refused.

    Parameters
    ----------
    results : sequence of StructureResult
        Structure by structure.
    asked : Asked
        What was asked.
    by_name : bool
        Whether the structures were asked for by name. Then each of them must come out with each metric that was
        asked for. Otherwise one structure must, and each metric for one.

    Notes
    -----
    That the dose cannot be converted is one refusal, told where it was found and not for each metric again.
    """
    vain = (_nothing_to_convert(asked),) if asked.converts_in_vain else ()
    if by_name:
        return (*(error for result in results for error in _of_structure(result, asked)), *vain)
    if asked.metrics == ():  # none could be read, which has been told
        return ()
    if not any(result.has_values for result in results):
        problem = "no structure has a value" if results else "the structure set has no structures"
        return (DVHError(problem, remedy="each says why"),) if results else (DVHError(problem),)
    found = [one for result in results for one in result.metrics]
    came_out: set[Metric] = {one.of for one in found if isinstance(one.found, Value)}
    first: dict[Metric, RTFractionsError] = {}
    for one in found if asked.metrics is not None else ():
        if one.metric == one.of and _told_here(one.found) and one.of not in came_out:
            assert isinstance(one.found, RTFractionsError)
            first.setdefault(one.of, one.found)
    return (*first.values(), *vain)


def _nothing_to_convert(asked: Asked) -> RTFractionsError:
    metrics = ", ".join(map(str, asked.metrics or ()))
    problem = f"--alpha-beta converts nothing: {metrics} cannot be of another kind of dose"
    return ConversionError(problem, remedy="ask for a metric of physical dose in Gy")


def _of_structure(result: StructureResult, asked: Asked) -> list[RTFractionsError]:
    own = [result.error] if result.error is not None else []
    if asked.metrics is not None:
        own += [
            one.found
            for one in result.metrics
            if isinstance(one.found, RTFractionsError) and one.metric == one.of and _told_here(one.found)
        ]
    elif result.error is None and not result.has_values:
        own.append(DVHError("no metric has a value"))
    return [error.at(replace(error.where, structure=result.name)) for error in own]


def _told_here(found: Value | RTFractionsError) -> bool:
    return isinstance(found, RTFractionsError) and not isinstance(found, ConversionError)
