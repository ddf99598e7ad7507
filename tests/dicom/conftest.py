"""RT Plans made for a test, written to its own folder."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from synthetic import dicom_bytes
from synthetic_plan import Group, Reference, rt_plan

from rtfractions.dicom import Reading, read_patients

Read = Callable[..., Reading]


@pytest.fixture
def ordinary_plan() -> Dataset:
    """A plan of one target, 24 Gy in 3 fractions."""
    return rt_plan("P1", 100, [Reference(1, "PTV", "24.0", 7)], [Group("3")])


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """``read(plan, plan)``: the patients of these plans, read from files in one folder."""

    def call(*plans: Dataset | bytes) -> Reading:
        for i, plan in enumerate(plans):
            data = plan if isinstance(plan, bytes) else dicom_bytes(plan)
            (tmp_path / f"{i}.dcm").write_bytes(data)
        return read_patients([tmp_path])

    return call
