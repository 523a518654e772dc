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

LOOKS = {
    # What scores are measured on: blue and orange are for nothing else where both could be meant.
    "training images": "blue circle",
    "test images": "orange square",
    "probabilities, training images": "blue diamond",
    "probabilities, test images": "orange diamond",
    "loss, training images": "blue triangle dashed",
    "loss, test images": "orange triangle dashed",
    "training labels that are right": "slate cross dashed",
    # Networks: one, two and three convolutions; one, several and many hidden layers.
    "9 filters + 136": "purple diamond",
    "16/36 filters + 128": "green triangle",
    "16/36/110 filters + 128": "rose wedge",
    "16/64 filters + 128": "olive pentagon",
    "16/16/16 filters + 128": "slate star",
    "8 filters + 64": "purple square",
    "1 layer (571)": "purple circle",
    "1 layer (2,281)": "olive circle",
    "1 layer (9,121)": "slate circle",
    "4 layers": "green square",
    "7 layers": "rose cross",
    "7 layers (571), PyTorch's default": "rose cross dashed",
    "7 layers (571), Glorot": "rose cross dotted",
    "28,618 parameters": "purple triangle",
    "26,506 parameters": "green cross",
    "118,282 parameters": "olive square",
    # Batch sizes and learning rates.
    "batch 32": "purple pentagon",
    "batch 64": "purple wedge",
    "batch 256": "green diamond",
    "batch 1,024": "rose triangle",
    "rate 0.01": "olive star",
    # How training goes on as the batch grows.
    "equal epochs": "green circle",
    "equal updates": "rose square",
    "batch size, equal epochs": "green circle",
    "batch size, equal updates": "rose square",
    # Where trainings start.
    "same start": "purple star",
    "starts of their own": "olive diamond",
    # Ways to a critical point.
    "ordinary training": "green star",
    "gradient norm as objective": "olive triangle",
    "second order": "rose diamond",
    "second order, from random weights": "slate diamond",
    # What became of a search.
    "critical": "green pentagon",
    "gradient-flat": "olive wedge",
    "not converged": "slate square",
    "after 0 updates": "slate hexagon",
    "after 100 updates": "purple hexagon",
    "after 1000 updates": "olive hexagon",
    "after 5000 updates": "rose hexagon",
    # Gradients.
    "all parameters, all examples": "rose star",
    "gradient norm, all examples": "rose star",
    "last layer, all examples": "olive cross",
    "last layer, one mini-batch": "purple cross",
    "gradient norm, one mini-batch": "green wedge",
    "one mini-batch": "green wedge",
    "loss, all examples": "slate triangle",
    # Runs by their place in the order of errors.
    "median run": "purple hexagon dashed",
    "one run in ten is worse": "olive hexagon dashed",
    "worst run": "rose hexagon dashed",
    # Wrong labels, and what they do to a curve over sizes.
    "0 % replaced": "purple left",
    "25 % replaced": "green left",
    "50 % replaced": "olive left",
    "75 % replaced": "rose left",
    "100 % replaced": "slate left",
    "where the runs of 8 filters + 64 end": "slate wedge dotted",
    "one layer, true labels": "green right",
    "one layer, some labels wrong": "rose right",
    "the original's ten": "slate pentagon",
    # Measures of sharpness.
    "sharpness (Keskar)": "rose circle",
    "largest Hessian eigenvalue": "purple right",
    "adaptive sharpness": "olive right",
    "norm of the weights": "slate right",
    # The plane of a path, and its matrices.
    "fully connected": "slate cross",
    "output": "orange right",
    "at the checkpoint": "rose pentagon",
    "below it, on the plane": "green hexagon",
}
"""What charts show, each with its colour, marker and dash in all of them; two names have one look where they mean one thing."""
