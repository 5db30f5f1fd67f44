"""What is wrong with a node on this machine: one small look after the other, each with what to do."""

from __future__ import annotations

from samstad_node.doctor.examination import examine
from samstad_node.doctor.finding import Finding, State
from samstad_node.doctor.patient import Patient, find_running

__all__ = ["Finding", "Patient", "State", "examine", "find_running"]
