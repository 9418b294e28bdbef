"""What the command line calls while it deploys, changes and destroys the product, the deployer may call."""

from infra.cli.tests.emulator.calls import recording
from infra.cli.tests.emulator.conftest import deployed
from infra.cli.tests.emulator.server import serving
from infra.cloudformation.tests.test_deployer import OTHERWISE, PREFIX
from infra.cloudformation.tests.test_policies import BOOTSTRAP, actions


def test_whatever_is_called_the_deployer_may_call() -> None:
    with recording() as calls, serving() as emulator:
        product = deployed(emulator)
        product.cli("plan")
        product.cli("status")
        product.cli("destroy")
    granted = actions(BOOTSTRAP["DeployerPolicy"]) | actions(BOOTSTRAP["ReaderPolicy"])
    called = {f"{PREFIX.get(service, service)}:{operation}" for service, operation in calls}
    needed = set().union(*(OTHERWISE.get(action, {action}) for action in called))
    assert needed - granted == set()
    assert len(called) > 15
