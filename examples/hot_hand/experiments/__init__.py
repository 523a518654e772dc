"""The report's contents, read without importing anything: chapters by part in reading order, and whose claims they judge."""

TITLE = "The hot hand"

CHAPTERS = {
    "Coins": ("streaks",),
    "Players": ("hot_hand",),
}

SOURCES = {
    "paper": "Published claims",
    "ours": "Our claims",
}
"""By the first word of a claim's source, in the order of the ledger; any other word is a paper's author."""
