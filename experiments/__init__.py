"""The report's contents, read without importing anything: chapters by part in reading order, and whose claims they judge."""

TITLE = "Measured"

CHAPTERS = {
    "Depth": ("function_fit", "mnist_cnn"),
    "Optimisation": ("optimization_path", "gradient_norm", "zero_gradient", "error_surface"),
    "Generalisation": ("random_labels", "model_size", "flatness", "sensitivity", "sharpness"),
}

SOURCES = {
    "original": ("The original's claims", "original.CONCLUSIONS"),
    "paper": "Published claims",
    "ours": "Our claims",
}
"""By the first word of a claim's source, in the order of the ledger; any other word is a paper's author."""

WORKERS_IMPORT = ("lab.fit", "torch._dynamo")
"""What takes seconds to import, so that a worker does it before its first job."""
