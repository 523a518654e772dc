"""What determines a result and how to get it: jobs, their keys, the pools that compute them, and the cache."""

from measured.jobs.job import Job
from measured.jobs.pool import gather

__all__ = ["Job", "gather"]
