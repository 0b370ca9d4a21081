"""Entry point: ``python -m tests.simulation --help``."""

from tests.simulation.campaign import main

main()
