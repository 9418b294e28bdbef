"""What the tests of every service stand on; `accunode_common.testing.plugin` is the pytest plugin."""
