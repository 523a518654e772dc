"""Numbers that papers report, to be read beside ours."""

ZHANG = (
    ("Inception", "1,649,402", "100.0 / 85.75", "100.0 / 9.78"),
    ("Inception without batch normalisation", "1,649,402", "100.0 / 82.00", "100.0 / 10.12"),
    ("small AlexNet", "1,387,786", "100.0 / 76.07", "99.82 / 9.86"),
    ("MLP, 3 × 512", "1,735,178", "100.0 / 52.39", "100.0 / 10.48"),
    ("MLP, 1 × 512", "1,209,866", "100.0 / 50.51", "99.34 / 10.61"),
)
"""Zhang et al. (2017), Table 1, CIFAR-10 without crops and weight decay: network, parameters, training / test accuracy in per
cent with true and with random labels."""
