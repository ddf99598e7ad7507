"""Sites and techniques as sheets hold them. Which sites are intracranial is what the interface lists."""

import pytest

from rtfractions.protocols.vocabulary import region_of, says_something, site_words, technique_words


@pytest.mark.parametrize(
    "site",
    [
        "brain",
        "Brain",
        "brainstem",
        "cerebellum",
        "meninges",
        "pituitary",
        "left frontal lobe",
        "thalamus",
        "occipital",
    ],
)
def test_intracranial_sites(site: str) -> None:
    assert region_of(site) == "intracranial"


@pytest.mark.parametrize(
    "site",
    [
        "lung",
        "Left lung",
        "lymph node",
        "adrenal",
        "bone",
        "rib",
        "liver",
        "vertebra T8",
        "LUNG, RUL",
        "ＬＵＮＧ",
        "T8",
        "Th12",
        "RUL",
        "right upper lobe",
        "subcarinal",
        "thorax",
        "mandible",
    ],
)
def test_extracranial_sites(site: str) -> None:
    assert region_of(site) == "extracranial"


@pytest.mark.parametrize(
    "site",
    [
        None,
        "",
        "?",
        "left",
        "primary",
        "skull",
        "skull base",
        "brain and lung",
        "bone (skull)",
        "brachial",
        "lungs/brain",
        "temporal bone",
        "frontal bone metastasis",
        "CNS",
        "optic nerve",
        "not brain",
        "brain?",
        "no lung lesion",
    ],
)
def test_what_is_unknown_or_names_two_regions_decides_nothing(site: str | None) -> None:
    assert region_of(site) is None


def test_words_are_whole() -> None:
    assert site_words("plunge") == frozenset()
    assert site_words("costochondral") == frozenset()


@pytest.mark.parametrize(
    ("technique", "words"),
    [
        ("SRS", {"SRS"}),
        ("Gamma Knife", {"SRS"}),
        ("CyberKnife", {"SRS"}),
        ("SABR", {"SBRT"}),
        ("sbrt (VMAT)", {"SBRT", "VMAT"}),
        ("3D", {"3D"}),
        ("protons", {"protons"}),
        ("Gamma-Knife", {"SRS"}),
        ("cyber-knife", {"SRS"}),
        ("stereotactic radio-surgery", {"SRS"}),
        ("no SRS", set()),
        ("3D, SRS declined", set()),
        ("SRS?", set()),
        ("non-SRS", set()),
        ("linac", set()),
        (None, set()),
    ],
)
def test_techniques(technique: str | None, words: set[str]) -> None:
    assert technique_words(technique) == words


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", " ", "-", "--", "n/a", "N/A", "N / A", "n.a", "[n/a]", "#N/A", "none", "None.", "(none)"),
        *(
            "tbd",
            "TBD?",
            "?",
            "...",
            "unknown",
            "not available",
            "not known",
            "to be confirmed",
            "pending",
            "0",
            "1",
        ),
        *("yes", "null", "nan", "n.v.t.", "geen", "onbekend"),
    ],
)
def test_words_that_say_nothing(text: str | None) -> None:
    assert not says_something(text)


@pytest.mark.parametrize("text", ["painful bone metastasis", "cord compression", "8 cm mass"])
def test_words_that_say_something(text: str) -> None:
    assert says_something(text)
