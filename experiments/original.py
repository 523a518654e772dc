"""The original: the course report from which this one starts. Its networks, as far as it tells, its conclusions, its words."""

import math
from dataclasses import dataclass, replace

from lab.data import MNIST
from lab.models import CNN, MLP
from lab.training import Recipe, Train

# Section 1.1: three networks of 571, 572 and 571 parameters that fit a function of one variable. It gives the counts alone.
DEEP = MLP(1, (5, 10, 10, 10, 10, 10, 5), 1)
MIDDLE = MLP(1, (10, 18, 15, 4), 1)
SHALLOW = MLP(1, (190,), 1)
FITTED = (DEEP, MIDDLE, SHALLOW)

# Section 1.2: three networks with filters of 5 x 5 on MNIST. Its later sections speak of "CNN" and have the first of them.
IMAGE = (1, 28, 28)
CNN_16_36 = CNN(IMAGE, (16, 36), (128,), 10)
"""242,062 parameters: the tenth network of section 3.2 as well."""
CNN_16_64 = CNN(IMAGE, (16, 64), (128,), 10)
CNN_16_16_16 = CNN(IMAGE, (16, 16, 16), (128,), 10)

# Section 3.2: ten networks on MNIST, in its order. It gives the numbers of parameters and no layouts. Where several have a
# number, one is taken that keeps filters of 5 x 5 and small pooling as far as it goes.
TEN = (
    ("1 layer", CNN(IMAGE, (6,), (128,), 10), "reconstructed"),
    ("1 layer", CNN(IMAGE, (2,), (16,), 10, pool=7), "reconstructed"),
    ("1 layer", CNN(IMAGE, (1,), (10,), 10, pool=9), "reconstructed"),
    ("1 layer", CNN(IMAGE, (5,), (14,), 10), "reconstructed"),
    ("1 layer", CNN(IMAGE, (2,), (16,), 10, kernel_size=3, pool=9), "reconstructed, filters of 3 x 3"),
    ("1 layer", CNN(IMAGE, (8,), (64,), 10), "reconstructed"),
    ("2 layers", CNN(IMAGE, (26, 16), (64,), 10), "reconstructed"),
    ("1 layer", CNN(IMAGE, (12,), (40, 256), 10, pool=7), "stand-in: no natural layout has this number"),
    ("2 layers", CNN(IMAGE, (14, 14), (20,), 10, pool=3), "reconstructed"),
    ("2 layers", CNN_16_36, "reconstructed"),
)
"""Its word for the depth, a network with exactly its number of parameters, and what kind of guess that is."""

# Section 3.3 compares two kinds of models, "CNN" and "DNN", and says no more of them.
DNN = MLP(28 * 28, (32, 32), 10)
"""26,506 parameters: the course asks for 20,000 to 30,000."""
ANOTHER_DNN = MLP(28 * 28, (128,), 10)


@dataclass(frozen=True)
class FiveModels:
    """The models of section 3.3, which differ in more than one thing at a time, with one run each."""

    data: MNIST = MNIST(4096, num_held_out=2000)
    num_updates: int = 500
    num_examples: int = 1000
    """Training images, and as many test images, on which they are measured."""

    def trainings(self, recipe: Recipe, large_batch: int, high_rate: float) -> dict[str, Train]:
        """As the report mixes them: the first three for the batch size, the others for the learning rate."""
        small = replace(recipe, num_updates=self.num_updates)
        assert small.batch_size is not None
        middle, large = (replace(small, batch_size=size) for size in (math.isqrt(small.batch_size * large_batch), large_batch))
        models = {
            "1: CNN": (CNN_16_36, small),
            "2: DNN": (DNN, middle),
            "3: another DNN": (ANOTHER_DNN, large),
            "4: DNN": (DNN, small),
            "5: CNN": (CNN_16_36, replace(small, learning_rate=high_rate)),
        }
        return {name: Train(network, self.data, chosen, seed=0) for name, (network, chosen) in models.items()}


CONCLUSIONS = {
    "S1": "Of three networks of equal size the deepest fits best",
    "S2": "Parameters do not help without layers",
    "S3": "All three convolutional networks do very well on MNIST",
    "S4": "Different architectures perform differently",
    "S5": "Two principal components show the path of the weights",
    "S6": "The gradient norm falls over training as a whole",
    "S7": "It gets to zero at times",
    "S8": "A zero-gradient point is found by changing the objective to the gradient norm",
    "S9": "Where the norm is zero there is a local minimum or maximum",
    "S10": "The minimal ratio goes with the loss",
    "S11": "The network fits random labels on the training set and not on the test set",
    "S12": "Small networks gain from parameters, large ones hardly",
    "S13": "The gap grows with parameters",
    "S14": "Interpolating between two solutions is best at some proportion in between",
    "S15": "Batch size and learning rate change performance and sensitivity; large batches generalise worse",
    "S16": "Large batches end in sharp minima near the start, small ones in flat minima",
}
"""In its order. Where one says two things, the claims on its parts are S1a, S1b, ..."""

PARAGRAPHS = (
    "We can see that the performance of the first model is the best among the three models. The first one is the model "
    "with the largest number of layers. So we can see that if the parameters cannot be updated with enough layers, the "
    "performance of the model will not be good, even the number of parameters are very big.",
    "We can see different CNN models with different architectures have different performance on MNIST dataset. However, we "
    "can see that all the three CNN models have good performance on this task because that the three accuracies are all "
    "very high. So we can know that CNN can perform well in MNIST dataset.",
    "And for the reduction of the dimension of weights to 2, we can see that PCA can deduct the dimension of the weights to 2.",
    "We can see the change of the gradient norm with the number of iterations. The gradient is decreasing seeing from the "
    "whole image. And the gradient norm was getting zero sometimes. We can find out the changing processes of the gradient "
    "norm along the training steps.",
    "We can find the zero-gradient norm by change objective function. And Minimal ratio is defined as the proportion of "
    "eigenvalues greater than zero. When the gradient norm is zero, the gradient is reaching the local minimum or the "
    "local maximum, and at this time, the optimizer will try to jump out from the local minimum and heading to the global "
    "minimum, finding out the final weights.",
    "We can see the testing loss and the training loss during the training process. Because the model we are training is "
    "using the wrong dataset with wrong labels, the model cannot predict the testing set correctly. We can see that the "
    "model after training can fit the training set but cannot fit the testing set.",
    "We can see that when the number of parameters is small, the larger the number of parameters is, the better the "
    "performance of the model will be. And when the number of parameters is large enough, the number of parameters will "
    "have minimal influence on the performance of the model. This is because when the model is complex enough, it is easy "
    "to get good weights for the problem, so the number of parameters will matter less. And, when the number of parameters "
    "is getting larger, the testing accuracy (or loss) and training accuracy (or loss) will have larger difference. This "
    "is because when the number of parameters of the model is getting larger, the model is more likely to overfit.",
    "We can see that when combining the two models' weights and bias, use them for a new training, we will still get the "
    "best performance with a certain proportion of the interpolation ratio. So we can find that the accuracy of our model "
    "will reach the best at some points, and the performance will be worse at some points. This is all depends on the "
    "interpolation ratio for combining the formal two model's weights and biases.",
    "We can see different performance and sensitivity of the model with different batch sizes and learning rates. We can "
    "find out that the learning rate and the batch size has impacts on the performance and the sensitivity. There is a "
    "generalization gap when using large-batch (LB) methods (instead of small-batch (SB) methods) for training deep "
    "learning models.",
    "LB methods lack the explorative properties of SB methods and tend to zoom-in on the minimizer closest to the initial "
    "point.",
    "SB and LB methods converge to qualitatively different minimizers with differing generalization properties (i.e. SB "
    "converges to flat minimizer, LB converges to sharp minimizer).",
)
"""Its own text, as far as claims quote it."""

QUOTES = {
    "S1a": (
        "We can see that the performance of the first model is the best among the three models. The first one is the model "
        "with the largest number of layers."
    ),
    "S1b": "We can see that the performance of the first model is the best among the three models.",
    "S2a": (
        "if the parameters cannot be updated with enough layers, the performance of the model will not be good, even the "
        "number of parameters are very big."
    ),
    "S3": ("all the three CNN models have good performance on this task because that the three accuracies are all very high"),
    "S4": "different CNN models with different architectures have different performance on MNIST dataset",
    "S5a": (
        "for the reduction of the dimension of weights to 2, we can see that PCA can deduct the dimension of the weights to 2"
    ),
    "S6": "The gradient is decreasing seeing from the whole image.",
    "S7": "And the gradient norm was getting zero sometimes.",
    "S8a": "We can find the zero-gradient norm by change objective function.",
    "S9a": "When the gradient norm is zero, the gradient is reaching the local minimum or the local maximum",
    "S10": "And Minimal ratio is defined as the proportion of eigenvalues greater than zero.",
    "S11a": "the model after training can fit the training set",
    "S11b": "cannot fit the testing set",
    "S11c": (
        "Because the model we are training is using the wrong dataset with wrong labels, the model cannot predict the "
        "testing set correctly."
    ),
    "S12a": (
        "when the number of parameters is small, the larger the number of parameters is, the better the performance of the "
        "model will be"
    ),
    "S12b": (
        "when the number of parameters is large enough, the number of parameters will have minimal influence on the "
        "performance of the model"
    ),
    "S12d": "when the model is complex enough, it is easy to get good weights for the problem",
    "S13a": (
        "when the number of parameters is getting larger, the testing accuracy (or loss) and training accuracy (or loss) "
        "will have larger difference"
    ),
    "S13d": "when the number of parameters of the model is getting larger, the model is more likely to overfit",
    "S14a": (
        "We can see that when combining the two models' weights and bias, use them for a new training, we will still get "
        "the best performance with a certain proportion of the interpolation ratio."
    ),
    "S14c": (
        "So we can find that the accuracy of our model will reach the best at some points, and the performance will be "
        "worse at some points."
    ),
    "S15a": ("We can see different performance and sensitivity of the model with different batch sizes and learning rates."),
    "S15b": ("We can find out that the learning rate and the batch size has impacts on the performance and the sensitivity."),
    "S15c": (
        "There is a generalization gap when using large-batch (LB) methods (instead of small-batch (SB) methods) for "
        "training deep learning models."
    ),
    "S16a": "SB converges to flat minimizer, LB converges to sharp minimizer",
    "S16e": (
        "LB methods lack the explorative properties of SB methods and tend to zoom-in on the minimizer closest to the "
        "initial point."
    ),
}
"""What claims quote: each piece under the id of the first claim that carries it. A test finds it in the paragraphs."""
