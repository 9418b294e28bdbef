"""Trains the models that `accunode_scoring` serves. Needs the `training` extra; nothing else may import it."""
