"""The course report from which this report starts: its networks, as far as it describes them."""

from lab.models import CNN, MLP

# Section 1.1: three networks of 571, 572 and 571 parameters that fit a function of one variable. The report gives the counts alone.
DEEP = MLP(1, (5, 10, 10, 10, 10, 10, 5), 1)
MIDDLE = MLP(1, (10, 18, 15, 4), 1)
SHALLOW = MLP(1, (190,), 1)

# Section 1.2: three networks with filters of 5 x 5 on MNIST. Its later sections speak of "CNN" and have the first of them.
IMAGE = (1, 28, 28)
CNN_16_36 = CNN(IMAGE, (16, 36), (128,), 10)
"""242,062 parameters: the tenth network of section 3.2 as well."""
CNN_16_64 = CNN(IMAGE, (16, 64), (128,), 10)
CNN_16_16_16 = CNN(IMAGE, (16, 16, 16), (128,), 10)
