"""What the simulation reckons with is what the templates say."""

import shutil
from pathlib import Path

import pytest

from accunode_common.routing import SERVICES
from accunode_common.scaling import shipped_policy
from accunode_infra.errors import RefusedError
from accunode_infra.simulation.shape import read_shape
from accunode_infra.templates import CLOUDFORMATION
from accunode_infra.tiers import Tier


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A copy of the templates to change."""
    return shutil.copytree(CLOUDFORMATION, tmp_path / "cloudformation")


def _change(root: Path, template: str, old: str, new: str) -> None:
    path = root / "templates" / f"{template}.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize("tier", Tier)
def test_every_tier_has_a_shape_with_the_policy_that_ships(tier: Tier) -> None:
    shape, policy = read_shape(tier), shipped_policy()
    assert set(shape.services) == {service.name for service in SERVICES}
    assert shape.workers == policy.workers
    assert all(service.policy == policy.api for service in shape.services.values())


def test_a_threshold_changed_in_a_template_is_the_simulation_s(changed: Path) -> None:
    _change(changed, "worker", "MaxCapacity: !Ref MaxCount", "MaxCapacity: 3")
    assert read_shape("startup", root=changed).workers.maximum == 3
    _change(changed, "compute", "CpuCredits: unlimited", "CpuCredits: standard")
    assert read_shape("startup", root=changed).worker_instances.unlimited is False


def test_a_template_that_scales_in_another_way_is_refused_by_name(changed: Path) -> None:
    _change(changed, "service", "PolicyType: StepScaling", "PolicyType: TargetTrackingScaling")
    with pytest.raises(RefusedError, match="not one of steps"):
        read_shape("startup", root=changed)


def test_a_policy_that_no_alarm_rings_is_refused(changed: Path) -> None:
    _change(changed, "service", "AlarmActions: [!Ref ScaleInPolicy]", "AlarmActions: []")
    with pytest.raises(RefusedError, match="No alarm rings the scaling policy ScaleInPolicy"):
        read_shape("startup", root=changed)
