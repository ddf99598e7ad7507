"""Make the sample lesion sheets and RT Plans of this folder; the same bytes each time.

Run ``python sample_plans/make_samples.py`` from the root of the project after a change here. Every patient,
every plan and the local protocol are invented. No patient stands behind them.
"""

from pathlib import Path

from synthetic import dicom_bytes
from synthetic_patient import patient
from synthetic_plan import Group, Reference, rt_plan

REINDUCTION = """\
patient,lesion,site,schedule,technique,intent,fractions_delivered,stop_reason,justification,max_diameter_mm,on_study
RI-01,L1,adrenal,24 Gy/3,SBRT,,3,,,,
RI-02,L1,vertebra T8,30 Gy/10,3D,palliative,10,,"painful metastasis, department standard",,
RI-03,L1,brain,3 x 8 Gy,SRS,,3,,,18,
RI-04,L1,brain,20 Gy/1,Gamma Knife,,1,,,14,
RI-05,L1,lung,20 Gy/5,VMAT,,5,,n/a,,
RI-06,L1,lung,30 Gy/3,SBRT,,3,,,,
RI-07,L1,rib,8 Gy/1,3D,palliative,1,,painful bone metastasis,,
RI-08,L1,liver,24 Gy/3,SBRT,,2,toxicity,,,
RI-09,L1,lung,24 Gy/3,SBRT,,3,,,,
RI-09,L2,adrenal,24 Gy/3,SBRT,,3,,,,
RI-10,L1,lung,24 Gy/3,SBRT,,4,,,,
RI-11,L1,lung,24 Gy/3,SBRT,,3,,,,
RI-11,L2,femur,8 Gy/1,3D,palliative,1,,painful bone metastasis,,no
RI-12,L1,brain,24 Gy/1,SRS,,1,,,35,
"""

GENSHEIMER = """\
patient,lesion,site,schedule,technique,start,end,fractions_delivered
GE-01,L1,lung,40 Gy/10,VMAT,2019-03-04,2019-03-15,10
GE-01,L2,adrenal,40 Gy/10,VMAT,2019-03-04,2019-03-15,10
GE-02,L1,liver,50 Gy/5,SBRT,2019-03-04,2019-03-08,5
GE-03,L1,lung,40 Gy/10,VMAT,2019-03-04,2019-03-18,10
GE-04,L1,lung,40 Gy/10,VMAT,2019-03-04,2019-03-15,10
GE-04,L2,lung,40 Gy/10,VMAT,2019-03-04,2019-03-15,10
GE-04,L3,liver,40 Gy/10,VMAT,2019-03-04,2019-03-15,10
GE-04,L4,adrenal,40 Gy/10,VMAT,2019-03-04,2019-03-15,10
GE-04,L5,rib,40 Gy/10,VMAT,2019-03-04,2019-03-15,10
GE-05,L1,lung,60 Gy/8,SBRT,2019-03-04,2019-03-13,8
GE-06,L1,brain,27 Gy/3,SRS,2019-03-04,2019-03-08,3
GE-07,L1,lung,40 Gy/10,VMAT,,,10
GE-08,L1,lung,40 Gy/10,VMAT,2019-03-04,2019-03-15,10
GE-08,L2,liver,27 Gy/3,SBRT,2019-04-01,2019-04-05,3
"""

GENSHEIMER_YAML = """\
# The same columns as a CSV sheet; one entry a lesion.
- patient: GE-21
  lesion: L1
  site: left lung
  schedule: 40 Gy in 10 fx
  technique: VMAT
  start: 2019-03-04
  end: 2019-03-15
  fractions_delivered: 10
- patient: GE-21
  lesion: L2
  site: lymph node, mediastinal
  schedule: 27Gy/3
  technique: SABR
  start: 2019-03-11
  end: 2019-03-15
  fractions_delivered: 3
"""

GENSHEIMER_PLANS_SHEET = """\
patient,lesion,site,schedule,technique,start,end,structure
GE-51,L1,lung,40 Gy/10,VMAT,2019-03-04,2019-03-15,PTV lung
GE-51,L2,liver,40 Gy/10,VMAT,2019-03-04,2019-03-15,PTV liver
"""

LOCAL_PROTOCOL = """\
# An invented protocol, to show how one is written: a closed list, and bands of its own.
schema: rtfractions.protocol/1
id: LOCAL-EXAMPLE
title: Example of a local protocol
version: 1, invented
basis: local_protocol
sources:
  - id: S1
    kind: local_protocol
    label: department protocol 1
    citation: invented for this sample

lesions: {min: 1, max: 3, worst_grade: deviation_unacceptable, source: S1}

schedules:
  list: closed
  match_tolerance_gy: 0.05
  worst_grade: deviation_unacceptable
  source: S1
  allowed:
    - {id: sabr-3, schedule: 54 Gy / 3, status: preferred, source: S1}
    - {id: sabr-5, schedule: 55 Gy / 5, status: listed, source: S1}

timing:
  overall: {days: {max: 14, count: inclusive}}
  scope: {of: per_lesion}
  worst_grade: variation_acceptable
  source: S1
"""

LOCAL = """\
patient,lesion,site,schedule,start,end
LO-01,L1,lung,54 Gy/3,2019-03-04,2019-03-08
LO-02,L1,lung,55 Gy/5,2019-03-04,2019-03-20
LO-03,L1,lung,60 Gy/5,2019-03-04,2019-03-08
"""


def samples() -> dict[str, bytes]:
    """The content of every sample, by its path in this folder."""
    plans = {
        "plans/reinduction/a.dcm": rt_plan(
            "RI-51", 1, [Reference(1, "PTV adrenal", "24.0", 7)], [Group("3", doses_gy={1: "24.0"})]
        ),
        "plans/reinduction/b.dcm": rt_plan(
            "RI-52", 2, [Reference(1, "PTV T8", "30.0", 3)], [Group("10", ("1.5", "1.5"))]
        ),
        "plans/reinduction/c.dcm": rt_plan(
            "RI-52", 3, [Reference(1, "PTV T8", "30.0", 3)], [Group("1")], intent="VERIFICATION"
        ),
        "plans/reinduction/d.dcm": rt_plan("RI-53", 4, [], [Group("3")]),
        "plans/gensheimer/a.dcm": rt_plan(
            "GE-51",
            5,
            [
                Reference(1, "PTV lung", "40.0", 4),
                Reference(2, "PTV liver", "40.0", 9),
                Reference(3, "PTV liver, edge", None, 9),
                Reference(4, "Cord", None, 2, kind="ORGAN_AT_RISK"),
            ],
            [Group("10", ("2.0", "2.0"))],
        ),
    }
    texts = {
        "reinduction.csv": REINDUCTION,
        "gensheimer.csv": GENSHEIMER,
        "gensheimer.yaml": GENSHEIMER_YAML,
        "gensheimer_plans.csv": GENSHEIMER_PLANS_SHEET,
        "local_protocol.yaml": LOCAL_PROTOCOL,
        "local.csv": LOCAL,
    }
    return {name: text.encode() for name, text in texts.items()} | {
        name: dicom_bytes(plan) for name, plan in (plans | patient("RI-54", 54)).items()
    }


def main() -> None:
    """Write every sample beside this script."""
    for name, content in samples().items():
        path = Path(__file__).parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    main()
