"""New reports, and new chapters of a report: files that build and pass at once, for an author to change."""
