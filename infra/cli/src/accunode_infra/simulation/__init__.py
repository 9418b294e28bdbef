"""Replays a day against what the templates say: waits, instance-hours, dollars, scaling acts, credits, and what breaks.

`shape` reads the templates, `day` the day, `times` the service times, `platform` what only AWS knows. `api` serves the
requests, `workers` the tasks, `control` runs the alarms, `model` puts them together.
"""
