"""Fixtures that every distribution's tests share."""

pytest_plugins = ["accunode_devstack.pytest_plugin", "accunode_common.testing.plugin"]
