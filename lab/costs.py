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
