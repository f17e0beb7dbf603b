"""The catalogue of malformed frames: 71 entries, each with the cases that try it (`bench cases`)."""

from bench.cases.case import LAYERS, Case, Departure, Start
from bench.cases.registry import all_cases, find
from bench.cases.results import Result, Verdict
from bench.cases.runner import Runner

__all__ = ["LAYERS", "Case", "Departure", "Result", "Runner", "Start", "Verdict", "all_cases", "find"]
