"""Run untrusted programs: `with Sandbox() as box: box.run([Program(source, call="f", args=(1,))])`.

A fork server that has given up its rights forks a child for each program, or for some dozens that are known to leave
nothing behind; a child can compute and answer, and nothing else. What protects from what is in `docs/threat-model.md`.
"""

from envs.sandbox.canonical import NotCanonical, TooLong, canonical
from envs.sandbox.client import Sandbox
from envs.sandbox.doctor import doctor, probe
from envs.sandbox.program import Determinism, Execution, Limits, Outcome, Program
from envs.sandbox.status import Backend, Diagnosis, Layer, Status
from envs.sandbox.worker import SandboxUnavailable

__all__ = [
    "Backend",
    "Determinism",
    "Diagnosis",
    "Execution",
    "Layer",
    "Limits",
    "NotCanonical",
    "Outcome",
    "Program",
    "Sandbox",
    "SandboxUnavailable",
    "Status",
    "TooLong",
    "canonical",
    "doctor",
    "probe",
]
