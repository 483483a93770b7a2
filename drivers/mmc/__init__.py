"""Optical drives: what is said to them, what they answer, and how a disc is recorded (MMC-6)."""
