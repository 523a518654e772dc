"""What work costs besides arithmetic, in floating-point operations that one worker could do meanwhile (``Job.flops``).

Measured on a core of a server of 2024, beside another worker; only the order of jobs and the forecast rest on it.
"""

UPDATE = 5e7
"""To start all that one update of a network, or one pass through it, consists of: a millisecond."""
MOVE = 50.0
"""To read or write one number in memory: a nanosecond. Small layers are bound by it."""
FLOAT64 = 2.0
"""Factor of arithmetic in double precision."""
JOB = 5e9
"""To load data and build a network: a tenth of a second."""

# Of trainings, by least squares over those of a report, half of which it foresees to 11 %.
TRAINED = 0.3
"""Of one operation: trainings do 170 billion of them a second, beside the following."""
TRAINED_UNIT = 330.0
"""Of one unit on one example, forward or backward: 7 nanoseconds."""
TRAINED_UPDATE = 1.25e8
"""Of one update by automatic differentiation, mostly of convolutions: 2.5 milliseconds."""
BY_FORMULAS = 0.6
UNIT_BY_FORMULAS = 70.0
UPDATE_BY_FORMULAS = 1e7
"""The same of fully connected networks, which are differentiated by formulas: 83 billion operations a second, 1.4 nanoseconds a
unit, 0.2 milliseconds an update."""
