"""Prepares, measures and publishes AccuNode's containers."""

from accunode_docker.cli import app

app(prog_name="python -m accunode_docker")
