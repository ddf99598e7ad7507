"""Templates of other programs: what they say in our words, and what is named because we have none for it.

The samples are written after the grammars (peers.md 4) and the programs' own documentation; none is a copy.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rtfractions import strict_yaml
from rtfractions.errors import InputFileError, RTFractionsError
from rtfractions.protocols import constraint_sets, schema
from rtfractions.protocols.constraint_sets import ConstraintSet
from rtfractions.protocols.importers import READERS, Imported, TemplateError, import_template
from rtfractions.protocols.importers.template import Draft
from rtfractions.protocols.structure_names import find
from rtfractions.protocols.yaml_text import as_yaml


def imported(kind: str, text: str | bytes, folder: Path, **options: Any) -> Imported:
    path = folder / "template"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return import_template(path, name="template", kind=kind, identifier="my-set", **options)


def rows(result: Imported) -> list[tuple[str, str, str | None, str | None]]:
    """Structure, metric, objective and mandatory limit of each constraint."""
    found: list[tuple[str, str, str | None, str | None]] = []
    for rule in result.constraint_set.constraints:
        (limit,) = rule.limits
        assert (limit.source, limit.verification) == ("template", None)
        found.append((rule.structure, str(rule.metric), limit.objective, limit.mandatory))
    return found


def left_out(result: Imported) -> list[str]:
    return [str(error) for error in result.left_out]


def again(result: Imported) -> ConstraintSet:
    """The set as it is read from what is written of it."""
    text = as_yaml(result.constraint_set, result.comments)
    read = strict_yaml.read(text, file="set.yaml").convert(ConstraintSet, schema.decode)
    assert list(constraint_sets.misplaced(read)) == []
    return read


DVHMETRICS = """\
constraint patID structure
"D10CC < 20Gy" * "Spinal Cord"
'V20% < 10CC' * Lungs
V10Gy_CC<=150CC * "Bowel loops"
D95%>=4750cGy * PTV
DMEAN<10Gy * HEART
DMEDIAN<50% * HEART
DMAX<45Gy * SpinalCanal
"""


class TestDvhMetrics:
    def test_constraints_in_its_grammar(self, tmp_path: Path) -> None:
        result = imported("dvhmetrics", DVHMETRICS, tmp_path)
        assert rows(result) == [
            ("SpinalCord", "D10cc[Gy]", "< 20 Gy", None),
            ("Lungs", "V20%[cc]", "< 10 cc", None),
            ("Bowel_loops", "V10Gy[cc]", "<= 150 cc", None),
            ("PTV", "D95%[Gy]", ">= 47.5 Gy", None),
            ("Heart", "Mean[Gy]", "< 10 Gy", None),
            ("Heart", "D50%[%]", "< 50 %", None),
            ("SpinalCanal", "Max[Gy]", "< 45 Gy", None),
        ]
        assert result.left_out == ()
        # it says pass or fail, and not of which strength
        assert {r.limits[0].strength for r in result.constraint_set.constraints} == {"unspecified"}

    def test_the_largest_dose_is_not_called_a_near_maximum(self, tmp_path: Path) -> None:
        # peers.md 4: DMAX (voxel) against D0.03cc
        rule = imported("dvhmetrics", DVHMETRICS, tmp_path).constraint_set.constraints[-1]
        assert rule.note is not None
        assert "not that of a near-maximum volume" in rule.note

    def test_tabs_and_names_of_rows_as_r_writes_them(self, tmp_path: Path) -> None:
        text = 'structure\tpatID\tconstraint\n"1"\t"Heart"\t"*"\t"D2CC < 30Gy"\n'
        assert rows(imported("dvhmetrics", text, tmp_path)) == [("Heart", "D2cc[Gy]", "< 30 Gy", None)]

    @pytest.mark.parametrize(
        ("row", "said"),
        [
            ("DEUD<20Gy * Heart", "EUD is no metric of a set"),
            ("DNTCP<20% * Heart", "NTCP is no metric of a set"),
            ("DTCP>20% * Heart", "TCP is no metric of a set"),
            ("DHI<20% * Heart", "homogeneity"),
            ("DSD<2Gy * Heart", "standard deviation"),
            ("DRX>20Gy * Heart", "the prescribed dose"),
            ("V20<10% * Lungs", "V20 has no unit: write Gy, cGy or % behind 20"),  # hazards H8, I12
            ("D95>95% * PTV", "D95 has no unit: write % or cc behind 95"),
            ("D2CC<20 * Heart", "the limit has no unit"),
            ("D2CC_cGy<20Gy * Heart", "the limit is in GY, the metric in CGY"),
            ("D2,5CC<20Gy * Heart", "write 2.5"),  # hazards I6
            ("D2CC<20,5Gy * Heart", "write 20.5"),
            ("D2CC<20CC * Heart", "no value in cc"),
            ("V20Gy<20Gy * Heart", "no value in Gy"),
            ("D2Gy<20Gy * Heart", "not in Gy"),
            ("D120%<20Gy * PTV", "cannot be"),
            ("D2CC<1000000000Gy * Heart", "up to six digits"),
            ("D2CC=20Gy * Heart", "is no constraint"),
            ("VMEAN<20Gy * Heart", "is no constraint"),
            ("D2CC<20EV/G * Heart", "eV/g"),
            ("D2CC<20Gy P123 Heart", "for some patients only"),
            ("D2CC<20Gy * *", "every structure named '*'"),
            ("D2CC<20Gy * Lung*", "every structure named 'Lung*'"),
            ("D2CC < 20Gy * Heart", "5 cells, not 3: put a constraint with blanks in quotes"),
            ("D2CC<20Gy *", "2 cells"),
            ("=HYPERLINK(1) * Heart", "is no constraint"),
            ("D2CC<20Gy * He\u202eart", "cannot be printed"),
            ("D\uff12CC<20Gy * Heart", "is no constraint"),  # hazards I17: full-width digits
        ],
    )
    def test_what_is_left_out_is_named_with_its_row(self, row: str, said: str, tmp_path: Path) -> None:
        result = imported("dvhmetrics", f"{DVHMETRICS}{row}\n", tmp_path)
        assert len(result.constraint_set.constraints) == 7
        (message,) = left_out(result)
        assert message.startswith("template, row 9: ")
        assert said in message
        assert "P123" not in message  # no patient in a message
        assert message.isprintable()


CLEARPLAN = """\
TemplateId,TemplateCodes,TemplateAliases,TemplateTypes,DVHObjective,Goal,Variation,Priority,Source,Notes
Target,,PTV|CTV|GTV,PTV|CTV|GTV,D95%[%],>=98,>=94,1,Department,coverage
SpinalCord,,SpinalCord|Myelon|RM alt|Lung L,,D0.035cc[cGy],<=1800,2190,1,,
Bowel loops,,,,V15Gy[cc],\u2264120,,3,,
Heart,,,,CV20Gy[cc],>300,>=250,,,
Heart,,,,Mean[Gy],<5,,,,
"""


class TestClearPlan:
    def test_goal_and_variation_are_objective_and_mandatory(self, tmp_path: Path) -> None:
        result = imported("clearplan", CLEARPLAN, tmp_path)
        assert rows(result) == [
            ("PTV", "D95%[%]", ">= 98 %", ">= 94 %"),
            ("SpinalCord", "D0.035cc[Gy]", "<= 18 Gy", "<= 21.9 Gy"),
            ("Bowel_loops", "V15Gy[cc]", "<= 120 cc", None),
            ("Heart", "CV20Gy[cc]", "> 300 cc", ">= 250 cc"),
            ("Heart", "Mean[Gy]", "< 5 Gy", None),
        ]
        assert result.left_out == ()
        first = result.constraint_set.constraints[0]
        assert first.note == "priority 1; Department; coverage"
        assert first.limits[0].strength == "stated"
        assert result.constraint_set.constraints[2].limits[0].strength == "unspecified"

    def test_its_names_find_its_structures_and_no_others(self, tmp_path: Path) -> None:
        result = imported("clearplan", CLEARPLAN, tmp_path)
        aliases = result.constraint_set.aliases
        assert find("SpinalCord", ["RM alt"], aliases).names == ("RM alt",)
        assert find("Bowel_loops", ["Bowel loops", "Bowel"], aliases).names == ("Bowel loops",)
        # a name that the vocabulary gives another organ stays that organ's
        assert find("SpinalCord", ["Lung L"], aliases).how == "none"
        assert find("Lung_L", ["Lung L"], aliases).how == "named"
        said = [str(notice) for notice in result.notices if notice.code == "template.alias"]
        assert said == ["template, row 3: 'Lung L' is Lung_L: it is not carried over as a name of SpinalCord"]

    def test_first_of_several_targets_is_told(self, tmp_path: Path) -> None:
        messages = [notice.message for notice in imported("clearplan", CLEARPLAN, tmp_path).notices]
        assert "the first of PTV, CTV, GTV that a plan has is meant: only PTV is carried over" in messages

    @pytest.mark.parametrize("delimiter", [";", "\t"])
    def test_other_delimiters_and_a_byte_order_mark(self, delimiter: str, tmp_path: Path) -> None:
        text = "\ufeff" + CLEARPLAN.replace(",", delimiter).replace("\n", "\r\n")
        assert len(rows(imported("clearplan", text, tmp_path))) == 5

    @pytest.mark.parametrize(
        ("row", "said"),
        [
            ("Body,,,,GI50%[%],<=6,<=8,2,,", "gradient index"),
            ("PTV,,,,CI50Gy[],<=6,<=8,2,,", "conformity index"),
            ("PTV,,,,HI50Gy[],<=6,<=8,2,,", "homogeneity index"),
            ("PTV,,,,Volume[cc],<=6,<=8,2,,", "the volume of a structure"),
            ("Heart,,,,V20,<10,,,,", "the unit of the value is not said"),  # hazards H8
            ("PTV,,,,D95%,>95,,,,", "the unit of the value is not said"),
            ("Lungs,,,,V20[%],<10,,,,", "V20Gy[%], V20Gy[cc] or V20%[%]"),
            ("PTV,,,,D95[%],>95,,,,", "D95%[Gy] or D95cc[Gy]"),
            ('Heart,,,,"D0,1cc[Gy]",<20,,,,', "decimal point"),
            ('Heart,,,,D0.1cc[Gy],"<20,5",,,,', "write 20.5"),
            ("Heart,,,,D0.1cc[Gy],=20,,,,", "from which side"),
            ("Heart,,,,D0.1cc[Gy],20,,,,", "from which side"),
            ("Heart,,,,D0.1cc[Gy],<=20,>=22,,,", "from different sides"),
            ("Heart,,,,D0.1cc[Gy],<=20,<=18,,,", "lies beyond"),
            ("Heart,,,,D0.1cc[Gy],,<=18,,,", "the Goal '' is no limit"),
            ("Heart,,,,D0.1cc[Gy],=1+1,,,,", "the Goal '=1+1' is no limit"),
            ("Heart,,,,D0.1cc[Gy],<1e3,,,,", "is no limit"),
            ("Heart,,,,D0.1cc[Gy],<1000000000,,,,", "up to six digits"),
            ("Heart,,,,NTCP[%],<20,,,,", "is no metric"),
            (",,,,D0.1cc[Gy],<20,,,,", "names no structure"),
            ("Heart,,,,D0.1cc[Gy],<20", "6 cells, not 10"),
            ("Heart,,,,D0.1cc[Gy],<20,,,,\x1b[31m", "cannot be printed"),
        ],
    )
    def test_what_is_left_out_is_named_with_its_row(self, row: str, said: str, tmp_path: Path) -> None:
        result = imported("clearplan", f"{CLEARPLAN}{row}\n", tmp_path)
        assert len(result.constraint_set.constraints) == 5
        (message,) = left_out(result)
        assert message.startswith("template, row 7: ")
        assert said in message
        assert message.isprintable()

    @pytest.mark.parametrize(
        ("header", "said"),
        [
            ("TemplateId,DVHObjective", "lacks Goal"),
            ("TemplateId,DVHObjective,Goal,Colour", "'Colour'"),
            ("TemplateId,DVHObjective,Goal,Goal", "Goal"),
            ("", "lacks TemplateId"),
            ('TemplateId,"DVHObjective,Goal', "CSV"),
        ],
    )
    def test_what_is_no_template(self, header: str, said: str, tmp_path: Path) -> None:
        with pytest.raises(InputFileError, match=said):
            imported("clearplan", f"{header}\nHeart,Mean[Gy],<5\n", tmp_path)


def scorecard(*metrics: dict[str, Any], **head: Any) -> str:
    return json.dumps({"TemplateName": "Lung in 5", "Site": "lung", **head, "ScoreTemplates": list(metrics)})


def score(structure: str, kind: str, *points: tuple[float, float, bool], **keys: Any) -> dict[str, Any]:
    return {
        "Structure": {"StructureId": structure},
        "MetricType": kind,
        "OutputUnit": "Gy",
        "ScorePoints": [{"PointX": x, "Score": s, "Variation": v, "Label": ""} for x, s, v in points],
        **keys,
    }


COVERAGE = score(
    "PTV", "VolumeAtDose", (94, 0, False), (95, 6, True), (98.5, 10, False),
    InputValue=50.0, InputUnit="Gy", OutputUnit="%",
)  # fmt: skip


class TestPlanScoreCard:
    def test_only_the_variation_point_is_a_limit(self, tmp_path: Path) -> None:
        text = scorecard(
            COVERAGE,
            score("SpinalCord", "DoseAtVolume", (18, 5, False), (23, 2, True), (25, 0, False), InputValue=0.35, InputUnit="CC"),
            score("Heart", "MaxDose", (3000, 5, False), (3800, 0, True), OutputUnit="cGy"),
        )  # fmt: skip
        result = imported("planscorecard", text, tmp_path)
        assert rows(result) == [
            ("PTV", "V50Gy[%]", ">= 95 %", None),
            ("SpinalCord", "D0.35cc[Gy]", "<= 23 Gy", None),
            ("Heart", "Max[Gy]", "<= 38 Gy", None),
        ]
        note = result.constraint_set.constraints[0].note
        assert note == "scores: 0 at 94 %, 6 at 95 %, 10 at 98.5 %"
        assert result.constraint_set.title == "Lung in 5"

    def test_scores_alone_are_recorded_and_said_to_be_no_limit(self, tmp_path: Path) -> None:
        text = scorecard(score("Heart", "MeanDose", (5, 5, False), (10, 0, False)))
        result = imported("planscorecard", text, tmp_path)
        (limit,) = result.constraint_set.constraints[0].limits
        assert (limit.kind, limit.objective, limit.mandatory) == ("record", None, None)
        assert limit.printed == "scores: 5 at 5 Gy, 0 at 10 Gy"
        assert any("scores alone are no limit" in notice.message for notice in result.notices)

    def test_it_is_for_its_number_of_fractions_and_is_not_scaled(self, tmp_path: Path) -> None:
        # peers.md finding 7: PlanScoreCard scales doses linearly to another schedule
        result = imported("planscorecard", scorecard(COVERAGE, NumberOfFractions=5), tmp_path)
        assert result.constraint_set.constraints[0].limits[0].fractions == (5,)
        assert any("linear scaling" in notice.message for notice in result.notices)
        with pytest.raises(InputFileError, match="for 5 fractions, not for 3"):
            imported("planscorecard", scorecard(COVERAGE, NumberOfFractions=5), tmp_path, fractions=(3,))

    @pytest.mark.parametrize(
        ("metric", "said"),
        [
            (score("PTV", "HomogeneityIndex"), "the homogeneity index"),
            (score("PTV", "ConformationNumber"), "the conformation number"),
            (score("PTV", "VolumeOfRegret"), "the volume of regret"),
            (score("PTV", "ModifiedGradientIndex"), "the modified gradient index"),
            (score("PTV", "DoseAtSubVolume"), "the dose at a part of the volume"),
            (score("PTV", "Volume"), "the volume of a structure"),
            (score("PTV", "EUD"), "'EUD' is no type of metric"),
            (score("PTV", "MeanDose", OutputUnit=None), "OutputUnit is missing"),
            (score("PTV", "MeanDose", OutputUnit="rad"), "'rad' is no unit"),
            (score("PTV", "MeanDose", OutputUnit="CC"), "no value in cc"),
            (score("PTV", "DoseAtVolume", InputValue=2, OutputUnit="Gy"), "InputUnit is missing"),
            (score("PTV", "DoseAtVolume", InputUnit="CC"), "InputValue is missing"),
            (score("PTV", "DoseAtVolume", InputUnit="CC", InputValue=0), "cannot be"),
            (score("PTV", "DoseAtVolume", InputUnit="CC", InputValue=1e9), "no number of a template"),
            (score("PTV", "MeanDose", (1e9, 5, True), (2, 0, False)), "no number of a template"),
            (score("PTV", "MeanDose", (-1, 5, True), (2, 0, False)), "is below 0"),
            (score("PTV", "MeanDose", (5, 1, True), (6, 2, True)), "several points"),
            (score("PTV", "MeanDose", (5, 1, False), (6, 2, True), (7, 1, False)), "do not rise or fall"),
            (score("PTV", "MeanDose", (5, 1, True)), "do not rise or fall"),
            ({**COVERAGE, "Structure": {"StructureId": " "}}, "names no structure"),
            ({**COVERAGE, "Structure": {"StructureId": "zPTV", "AutoGenerated": True}}, "built from others"),
            ({**COVERAGE, "Structure": {"StructureId": "z", "StructureComment": "a OR b"}}, "built from others"),
            ({**COVERAGE, "ScorePoints": {"PointX": 1}}, "no list"),
            ({**COVERAGE, "ScorePoints": [{"PointX": "95"}]}, "PointX is no number"),
            ({**COVERAGE, "ScorePoints": [{"PointX": 95}]}, "lacks PointX or Score"),
        ],
    )  # fmt: skip
    def test_what_is_left_out_is_named_with_its_place(
        self, metric: dict[str, Any], said: str, tmp_path: Path
    ) -> None:
        result = imported("planscorecard", scorecard(COVERAGE, metric), tmp_path)
        assert rows(result) == [("PTV", "V50Gy[%]", ">= 95 %", None)]
        (message,) = left_out(result)
        assert message.startswith("template, ScoreTemplates[1]: ")
        assert said in message

    def test_limits_of_one_dose_level_are_not_those_of_every_ptv(self, tmp_path: Path) -> None:
        text = scorecard(
            {**COVERAGE, "Structure": {"StructureId": "PTV Low", "TemplateStructureId": "PTV_45"}}
        )
        result = imported("planscorecard", text, tmp_path)
        aliases = result.constraint_set.aliases
        (rule,) = result.constraint_set.constraints
        assert find(rule.structure, ["PTV", "PTV_High"], aliases).how == "none"
        assert find(rule.structure, ["PTV", "PTV_45"], aliases).names == ("PTV_45",)


def proknow(*metrics: dict[str, Any]) -> str:
    return json.dumps({"name": "SBRT", "computed": list(metrics), "custom": []})


def metric(kind: str, roi: str | None, *bins: dict[str, Any], arg: float | None = None) -> dict[str, Any]:
    return {"type": kind, "roi_name": roi, "arg_1": arg, "arg_2": None, "objectives": list(bins)}


def level(label: str, **edges: float) -> dict[str, Any]:
    return {"label": label, "color": [18, 191, 0], **edges}


MEAN = metric("MEAN_DOSE_ROI", "Heart", level("PASS", max=4), level("FAIL"))


class TestProKnow:
    @pytest.mark.parametrize(
        ("kind", "arg", "name"),
        [
            ("DOSE_VOLUME_PERCENT_ROI", 99, "D99%[Gy]"),
            ("DOSE_VOLUME_CC_ROI", 0.03, "D0.03cc[Gy]"),
            ("DOSE_VOLUME_MINUS_CC_ROI", 700, "DC700cc[Gy]"),
            ("VOLUME_CC_DOSE_ROI", 12, "V12Gy[cc]"),
            ("VOLUME_PERCENT_DOSE_ROI", 20, "V20Gy[%]"),
            ("MIN_DOSE_ROI", None, "Min[Gy]"),
            ("MAX_DOSE_ROI", None, "Max[Gy]"),
            ("MEAN_DOSE_ROI", None, "Mean[Gy]"),
        ],
    )
    def test_its_metrics(self, kind: str, arg: float | None, name: str, tmp_path: Path) -> None:
        text = proknow(metric(kind, "Liver", level("PASS", max=10), level("FAIL"), arg=arg))
        unit = name[name.index("[") + 1 : -1]
        assert rows(imported("proknow", text, tmp_path)) == [("Liver", name, None, f"<= 10 {unit}")]

    @pytest.mark.parametrize(
        ("bins", "limits"),
        [
            # who has the line itself: its scorecard documentation, "Standard Pass/Fail"
            ([level("PASS", max=1), level("FAIL")], [(None, "<= 1 Gy")]),
            ([level("PASS"), level("FAIL", min=1)], [(None, "< 1 Gy")]),
            ([level("FAIL"), level("PASS", min=1)], [(None, ">= 1 Gy")]),
            ([level("FAIL", max=1), level("PASS")], [(None, "> 1 Gy")]),
            ([level("IDEAL", max=1), level("ACCEPTABLE"), level("FAIL", min=2)], [("<= 1 Gy", "< 2 Gy")]),
            ([level("Goal"), level("Minor variation", min=1, max=2), level("Major")], [("< 1 Gy", "<= 2 Gy")]),
            ([level("PASS", max=1), level("Minor")], [("<= 1 Gy", None)]),
            ([level("Acceptable", max=1), level("Unacceptable")], [(None, "<= 1 Gy")]),
            # the documentation's exercise 1: a range, good in the middle
            (
                [level("Fail"), level("Marginal", min=8), level("Good", min=15, max=29), level("Marginal", max=36), level("Fail")],
                [(">= 15 Gy", ">= 8 Gy"), ("<= 29 Gy", "<= 36 Gy")],
            ),
            ([level("IDEAL", max=1), level("GOOD", max=2), level("FAIL")], [(None, "<= 2 Gy")]),
        ],
    )  # fmt: skip
    def test_bins_are_limits_with_their_ties(
        self, bins: list[dict[str, Any]], limits: list[tuple[str | None, str | None]], tmp_path: Path
    ) -> None:
        result = imported("proknow", proknow(metric("MEAN_DOSE_ROI", "Heart", *bins)), tmp_path)
        assert [row[2:] for row in rows(result)] == limits

    def test_a_line_within_one_grade_is_named(self, tmp_path: Path) -> None:
        bins = [level("IDEAL", max=1), level("GOOD", max=2), level("FAIL")]
        result = imported("proknow", proknow(metric("MEAN_DOSE_ROI", "Heart", *bins)), tmp_path)
        assert any("the line 1 between IDEAL and GOOD" in notice.message for notice in result.notices)

    @pytest.mark.parametrize(
        ("entry", "said"),
        [
            (metric("VOLUME_OF_REGRET", "PTV", arg=50), "the volume of regret"),
            (metric("IRRADIATED_VOLUME", None, arg=50), "in no structure"),
            (metric("MAX_DOSE", None), "in no structure"),
            (metric("CONFORMATION_NUMBER", "PTV", arg=50), "the conformation number"),
            (metric("HOMOGENEITY_INDEX", "PTV", arg=50), "the homogeneity index"),
            (metric("VOLUME_PERCENT_DOSE_RANGE_ROI", "PTV", arg=0), "between two doses"),
            (metric("CUMULATIVE_METERSET", None), "the meterset"),
            (metric("INTEGRAL_DOSE_ROI", "Heart"), "integral dose"),
            (metric("GEUD_ROI", "PTV", arg=50), "no type of metric"),
            (metric("MEAN_DOSE_ROI", None, level("PASS", max=1), level("FAIL")), "names no structure"),
            (metric("DOSE_VOLUME_CC_ROI", "PTV", level("PASS", max=1), level("FAIL")), "lacks arg_1"),
            (metric("MEAN_DOSE_ROI", "PTV", level("Blue", max=1), level("Red")), "whether 'Blue' is good"),
            (metric("MEAN_DOSE_ROI", "PTV", level("PASS", max=1), level("GOOD")), "draw no limit"),
            (metric("MEAN_DOSE_ROI", "PTV", level("PASS")), "draw no limit"),
            (metric("MEAN_DOSE_ROI", "PTV", level("PASS", max=1), level("FAIL", max=2), level("PASS")), "draw no limit"),
            (metric("MEAN_DOSE_ROI", "PTV", level("PASS", min=1), level("FAIL")), "no min"),
            (metric("MEAN_DOSE_ROI", "PTV", level("PASS"), level("FAIL")), "the lower gives max or the upper min"),
            (metric("MEAN_DOSE_ROI", "PTV", level("PASS", max=1), level("FAIL", min=1)), "the lower gives max or"),
            (metric("MEAN_DOSE_ROI", "PTV", level("PASS", max=2), level("Minor", max=1), level("FAIL")), "run upwards"),
            (metric("MEAN_DOSE_ROI", "PTV", level("PASS", max=1e9), level("FAIL")), "no number of a template"),
            ({**MEAN, "objectives": "none"}, "no list of levels"),
            ({**MEAN, "roi_name": 5}, "roi_name is no text"),
        ],
    )  # fmt: skip
    def test_what_is_left_out_is_named_with_its_place(
        self, entry: dict[str, Any], said: str, tmp_path: Path
    ) -> None:
        result = imported("proknow", proknow(MEAN, entry), tmp_path)
        assert rows(result) == [("Heart", "Mean[Gy]", None, "<= 4 Gy")]
        (message,) = left_out(result)
        assert message.startswith("template, computed[1]: ")
        assert said in message

    def test_a_metric_without_objectives_is_recorded_and_a_custom_one_is_named(self, tmp_path: Path) -> None:
        text = json.dumps({"computed": [metric("MEAN_DOSE_ROI", "Heart")], "custom": [{"id": "x"}]})
        result = imported("proknow", text, tmp_path)
        assert result.constraint_set.constraints[0].limits[0].kind == "record"
        assert left_out(result) == ["template, custom[0]: a custom metric is not computed from dose"]


SAMPLES = {
    "dvhmetrics": DVHMETRICS,
    "clearplan": CLEARPLAN,
    "planscorecard": scorecard(COVERAGE),
    "proknow": proknow(MEAN),
}


@pytest.mark.parametrize("kind", READERS)
class TestEach:
    def test_what_is_written_reads_back_as_the_same(self, kind: str, tmp_path: Path) -> None:
        result = imported(kind, SAMPLES[kind], tmp_path)
        assert again(result) == result.constraint_set

    def test_its_numbers_rest_on_the_template_alone(self, kind: str, tmp_path: Path) -> None:
        (source,) = imported(kind, SAMPLES[kind], tmp_path).constraint_set.sources
        assert source.kind == "local_protocol"
        assert "SHA-256" in source.citation

    def test_the_number_of_fractions_is_the_users_or_any_and_then_it_says_so(
        self, kind: str, tmp_path: Path
    ) -> None:
        # hazards I14: constraints of another fractionation
        stated = imported(kind, SAMPLES[kind], tmp_path, fractions=(3, 5))
        assert {rule.limits[0].fractions for rule in stated.constraint_set.constraints} == {(3, 5)}
        unstated = imported(kind, SAMPLES[kind], tmp_path)
        assert "template.fractions" in [notice.code for notice in unstated.notices]
        assert "template.fractions" not in [notice.code for notice in stated.notices]

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"\xff\xfeT\x00",  # UTF-16
            "Körper".encode("latin-1"),
            b"\0" * 100,
            b"[" * 100_000,
            b'{"a":' * 100_000,
            b'{"a": 1, "a": 2}',
            b'{"computed": NaN}',
            b'{"computed": 5, "ScoreTemplates": 5}',
            b'{"computed": [], "ScoreTemplates": []}',
            b'{"computed": [5], "ScoreTemplates": [5], "name": 5, "TemplateName": 5}',
            b"9" * 100_000,
            b'{"NumberOfFractions": 1e999999999, "ScoreTemplates": [], "computed": []}',
            b'"' * 10_001,
            b"constraint\n",
            b"just words",
            b"x" * 1_000_001,
        ],
        ids=range(17),
    )
    def test_what_is_no_template_is_refused_in_a_line(self, kind: str, data: bytes, tmp_path: Path) -> None:
        with pytest.raises((InputFileError, TemplateError)) as refused:
            imported(kind, data, tmp_path)
        message = str(refused.value)
        assert message.startswith("template")
        assert len(message) < 500
        assert message.isprintable()

    @given(data=st.data())
    def test_any_text_in_a_good_template_is_carried_or_named(self, kind: str, data: st.DataObject) -> None:
        sample = SAMPLES[kind]
        start = data.draw(st.integers(0, len(sample)))
        end = data.draw(st.integers(start, min(len(sample), start + 12)))
        edited = sample[:start] + data.draw(st.text(max_size=12)) + sample[end:]
        draft = Draft(file="template", sha256="a" * 64, identifier="my-set", program="P")
        try:
            READERS[kind][1](edited, draft)
            result = draft.finish()
        except RTFractionsError:
            return
        assert again(result) == result.constraint_set


@given(texts=st.lists(st.text(max_size=30), min_size=1, max_size=4))
@example(texts=["no", "1.10", "2020-01-01"])
@example(texts=["- a: b", "#", "'\"", "~"])
@example(texts=["?0", "? a", "??"])
@example(texts=["\u00a0", "a\u2028b", "\ud800"])
def test_texts_of_a_template_stay_texts(texts: list[str]) -> None:
    rows_of = [metric("MEAN_DOSE_ROI", text, level("PASS", max=1), level("FAIL")) for text in texts]
    draft = Draft(file="template", sha256="a" * 64, identifier="my-set", program="P")
    READERS["proknow"][1](json.dumps({"name": texts[0], "computed": rows_of}), draft)
    if draft.rules:
        result = draft.finish()
        assert again(result) == result.constraint_set
    assert len(draft.rules) + len(draft.left_out) == len(texts)


@pytest.mark.parametrize("row", ["Heart,Mean[Gy],<5\n", "Heart,V20,<5\n"])
def test_more_constraints_than_any_clinic_has_are_refused(row: str, tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="more than 2000 constraints"):
        imported("clearplan", "TemplateId,DVHObjective,Goal\n" + row * 2001, tmp_path)


def test_names_that_differ_stay_apart(tmp_path: Path) -> None:
    # E6: never nearly; ids are made of letters and digits alone, and these three would be one
    names = ["PTV+5", "PTV-5mm", "PTV 5mm", "心脏", "***", "Lung"]
    entries = [
        metric("MEAN_DOSE_ROI", name, level("PASS", max=i + 1), level("FAIL")) for i, name in enumerate(names)
    ]
    result = imported("proknow", proknow(*entries), tmp_path)
    assert result.left_out == ()
    rules, aliases = result.constraint_set.constraints, result.constraint_set.aliases
    assert len({rule.structure for rule in rules}) == len(names)
    assert [find(rule.structure, names, aliases).names for rule in rules] == [(name,) for name in names]


def test_two_constraints_of_one_metric_have_two_ids(tmp_path: Path) -> None:
    result = imported("proknow", proknow(MEAN, MEAN), tmp_path)
    assert [rule.id for rule in result.constraint_set.constraints] == ["Heart-Mean-Gy", "Heart-Mean-Gy-2"]
