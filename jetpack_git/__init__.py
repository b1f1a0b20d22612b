"""Coordinates a swarm of coding agents in one git repository."""

__version__ = "0.1.0"
