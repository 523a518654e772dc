"""The chapters of the report, by part, in reading order."""

CHAPTERS = {
    "Depth": ("function_fit", "mnist_cnn"),
    "Optimisation": ("optimization_path", "gradient_norm", "zero_gradient", "error_surface"),
    "Generalisation": ("random_labels", "model_size", "flatness", "sharpness"),
}
