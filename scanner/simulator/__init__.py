"""An eSCL scanner made of a folder of images and a fault plan."""

from scanner.simulator.faults import FAULT_NAMES, Fault, PlanError, parse_plan
from scanner.simulator.server import SimulatorServer

__all__ = ["FAULT_NAMES", "Fault", "PlanError", "SimulatorServer", "parse_plan"]
