"""What determines a result and how to get it: jobs, their keys, pools that compute them, and the cache."""

from measured.jobs.compute import Job, gather

__all__ = ["Job", "gather"]
