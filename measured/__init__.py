"""The document: results, verdicts, figures and pages. Never imports torch."""
