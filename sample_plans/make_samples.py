"""Make the sample lesion sheets and RT Plans of this folder; the same bytes each time.

Run ``python sample_plans/make_samples.py`` from the root of the project after a change here. Every patient,
every plan and the local protocol are invented. No patient stands behind them.
"""

import hashlib
from pathlib import Path

from synthetic import dicom_bytes, uid
from synthetic_patient import patient
from synthetic_plan import Group, Reference, rt_plan
from synthetic_review import ADRENAL, LUNG, review

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

REVIEW = f"""\
patient,lesion,site,schedule,technique,intent,start,end,fractions_delivered,max_diameter_mm,structure,plan_uid
RV-01,L1,lung (left upper lobe),40 Gy/10,VMAT,,2026-01-12,2026-01-23,10,26,{LUNG.name},{uid(1, LUNG.plan)}
RV-01,L2,left adrenal,27 Gy/3,SBRT,,2026-01-13,2026-01-22,3,18,{ADRENAL.name},{uid(1, ADRENAL.plan)}
"""

REVIEW_PROTOCOL = """\
# An invented protocol with rules of every kind: targets, conformity, organs at risk, isodose, timing, names.
# Its limits were made up to show what a review says; none is meant for a patient.
schema: rtfractions.protocol/1
id: LOCAL-REVIEW
title: Example of a local protocol with dose rules
version: 1, invented
basis: local_protocol
sources:
  - id: S1
    kind: local_protocol
    label: department protocol 2
    citation: invented for this sample

lesions: {min: 1, max: 4, worst_grade: deviation_unacceptable, source: S1}

sites: {treated: [extracranial], worst_grade: deviation_unacceptable, source: S1}

schedules:
  list: closed
  match_tolerance_gy: 0.05
  worst_grade: deviation_unacceptable
  source: S1
  allowed:
    - {id: sabr-3, schedule: 27 Gy / 3, status: preferred, source: S1}
    - {id: hypo-10, schedule: 40 Gy / 10, status: listed, source: S1}

timing:
  frequency: daily
  max_fractions: 10
  overall: {days: {max: 14, count: inclusive}}
  scope: {of: all_lesions}
  min_interval_hours: 18
  max_gap_days: 4
  worst_grade: variation_acceptable
  source: S1
  text: one fraction a day, at least 18 hours apart, a day of treatment at least every fourth day, all within two weeks

prescription_isodose:
  percent_of_maximum: [60, 90]
  worst_grade: variation_acceptable
  source: S1

targets:
  worst_grade: deviation_unacceptable
  source: S1
  rules:
    - id: ptv-v100
      structure: PTV
      metric: "V100%[%]"
      limits: [{objective: ">= 95 %", mandatory: ">= 90 %"}]
    - id: ptv-d98
      structure: PTV
      metric: "D98%[%]"
      limits: [{objective: ">= 90 %"}]
    - id: ptv-max-3
      structure: PTV
      metric: "D0.03cc[Gy]"
      limits:
        - {fractions: [3], mandatory: "<= 45 Gy"}
        - {fractions: [10], mandatory: "<= 60 Gy"}
    - id: gtv-min
      structure: GTV
      metric: "D98%[%]"
      limits: [{mandatory: ">= 100 %"}]

conformity:
  worst_grade: variation_acceptable
  source: S1
  rules:
    - id: ci-rtog
      index: CI_RTOG
      limits: [{objective: "<= 1.2", mandatory: "<= 1.5"}]
    - id: ci-paddick
      index: CI_Paddick
      limits: [{objective: ">= 0.8"}]
    - id: gradient
      index: GI
      limits: [{objective: "<= 6"}]
    - id: r50
      index: "R50%"
      limits: [{objective: "<= 4.5", mandatory: "<= 5.5"}]
    - id: d2cm
      index: "D2cm[%]"
      limits:
        - {fractions: [3], objective: "<= 50 %", mandatory: "<= 57 %"}
        - {fractions: [10], objective: "<= 55 %", mandatory: "<= 65 %"}

organs_at_risk:
  worst_grade: deviation_unacceptable
  source: S1
  rules:
    - id: cord-max
      structure: SpinalCord
      metric: "D0.035cc[Gy]"
      limits:
        - {fractions: [3], objective: "< 18 Gy", mandatory: "< 21.9 Gy"}
        - {fractions: [10], mandatory: "< 30 Gy"}
    - id: cord-eqd2
      structure: SpinalCord
      metric: "D0.035cc[EQD2Gy(a/b=2)]"
      limits: [{mandatory: "< 50 Gy"}]
    - id: lungs-v20
      structure: Lungs
      minus: GTV
      metric: "V20EQD2Gy(a/b=3)[%]"
      limits: [{objective: "< 10 %", mandatory: "< 15 %"}]
    - id: heart-mean
      structure: Heart
      metric: "Mean[Gy]"
      limits: [{objective: "< 6 Gy"}]
      sum_over: plan
    - id: stomach
      structure: Stomach
      metric: "D0.5cc[Gy]"
      limits:
        - {fractions: [3], objective: "< 4 Gy", mandatory: "< 22.2 Gy"}
        - {fractions: [10], mandatory: "< 35 Gy"}
      sum_over: plan
    - id: kidneys
      structure: Kidneys
      metric: "Mean[Gy]"
      limits: [{objective: "< 8 Gy"}]
    - id: esophagus
      structure: Esophagus
      metric: "D1cc[Gy]"
      limits: [{fractions: [3], mandatory: "< 25 Gy"}]
      sum_over: course_and_prior
    - id: bowel
      structure: Bowel
      metric: "D0.5cc[Gy]"
      limits: [{mandatory: "< 25 Gy"}]

aliases:
  - {structure: Stomach, names: [Magen]}
"""

REVIEWED = Path(__file__).parents[1] / "fractions" / "rtfractions" / "protocols" / "data" / "NCT03176173.yaml"
"""The protocol that the sample overlay is for."""


def review_overlay(protocol: bytes) -> str:
    """An overlay of the reviewed protocol's file, by its SHA-256."""
    return f"""\
# What an invented person decides for the registry record of NCT03176173, beside the patient in review/.
schema: rtfractions.overlay/1
name: A. Example
role: trial physicist
date: 2026-02-02
reason: invented for this sample
protocol: {{id: NCT03176173, sha256: {hashlib.sha256(protocol).hexdigest()}}}
readings: {{AMB-10D: A, AMB-SCOPE: B}}
windows: {{worst_grade: variation_acceptable, min_interval_hours: 18, max_gap_days: 4}}
advisory_sets: [AAPM-TG101-2010]
aliases:
  - {{structure: Stomach, names: [Magen]}}
prior_radiotherapy:
  - {{patient: RV-01, stated: none}}
alpha_beta:
  - {{structure: SpinalCord, value_gy: 2, interval_gy: [1, 4], citation: invented for this sample}}
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
        "review_lesions.csv": REVIEW,
        "review_protocol.yaml": REVIEW_PROTOCOL,
        "review_overlay.yaml": review_overlay(REVIEWED.read_bytes()),
        "reinduction.csv": REINDUCTION,
        "gensheimer.csv": GENSHEIMER,
        "gensheimer.yaml": GENSHEIMER_YAML,
        "gensheimer_plans.csv": GENSHEIMER_PLANS_SHEET,
        "local_protocol.yaml": LOCAL_PROTOCOL,
        "local.csv": LOCAL,
    }
    return {name: text.encode() for name, text in texts.items()} | {
        name: dicom_bytes(plan) for name, plan in (plans | patient("RI-54", 54) | review("RV-01")).items()
    }


def main() -> None:
    """Write every sample beside this script."""
    for name, content in samples().items():
        path = Path(__file__).parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    main()
