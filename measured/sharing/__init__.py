"""A report in one file, to be worked on elsewhere: what is in it, and how one is opened without trusting it."""
