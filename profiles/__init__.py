"""PS3.11 as data: application profiles, the planner, the transcoder and the checker.

Importing this package costs little: codecs and pydicom are loaded by the transcoder's worker
process alone.
"""
