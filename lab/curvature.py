"""Second derivatives of the training loss: without the matrix for one network of any size, exactly for a stack of small ones.

The loss is the mean loss of ``lab.training`` plus ``weight_decay`` / 2 times the squared norm of all parameters, biases
included: the gradient of that term is what torch's optimizers add for their ``weight_decay``. Parameters are in the order of
``lab.models.flat_weights``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor, nn

from lab.models import MLP
from lab.training import EVALUATION_SLICE, WORKER_FLOPS, Train, Training, TrainStack, mean_loss
from measured.jobs import Job

EIGENVALUE_TOLERANCE = 1e-6  # of ARPACK, for the eigenvector; an eigenvalue of a symmetric matrix is off by about its square
CHUNK_ELEMENTS = 1 << 20  # float64 numbers in the largest intermediate of a stack: some of them fit the processor's cache


# ---------------------------------------------------------------------------------------------------------------------
# One network


class Hessian:
    """Second derivatives of the loss of ``model`` on ``batch`` (inputs, targets) as a matrix that is never built.

    ``H @ v`` differentiates the gradient along ``v`` (Pearlmutter 1994), in the model's precision, in slices over the
    examples. Weights and batch are those at the time of construction; the model is not changed.
    """

    def __init__(self, model: nn.Module, batch: tuple[Tensor, Tensor], weight_decay: float = 0.0):
        parameters = dict(model.named_parameters())
        self._model, self._weight_decay = model, weight_decay
        self._shapes = {name: value.shape for name, value in parameters.items()}
        self._buffers = {name: value.clone() for name, value in model.named_buffers()}
        self._weights = torch.cat([value.detach().flatten() for value in parameters.values()])
        inputs, targets = (item.to(self._weights.dtype) if item.is_floating_point() else item for item in batch)
        self._inputs, self._targets = inputs, targets
        self.shape = (len(self._weights), len(self._weights))
        first, second = self.loss(), self.loss()
        if not np.isfinite(first):
            raise ValueError(f"the loss is {first} at these weights; curvature needs a finite one (lower the learning rate?)")
        if first != second:
            raise ValueError(
                f"the loss is not deterministic: two calls gave {first} and {second}, so it has no Hessian; "
                "switch dropout and the like off with model.eval()"
            )

    def _slices(self) -> Iterator[tuple[float, Tensor, Tensor]]:
        """Share of the examples, their inputs, their targets."""
        parts = zip(self._inputs.split(EVALUATION_SLICE), self._targets.split(EVALUATION_SLICE), strict=True)
        for inputs, targets in parts:
            yield len(inputs) / len(self._inputs), inputs, targets

    def _mean_loss(self, weights: Tensor, inputs: Tensor, targets: Tensor) -> Tensor:
        pieces = weights.split([shape.numel() for shape in self._shapes.values()])
        named = {name: piece.reshape(shape) for (name, shape), piece in zip(self._shapes.items(), pieces, strict=True)}
        return mean_loss(torch.func.functional_call(self._model, (named, self._buffers), (inputs,)), targets)

    def loss(self) -> float:
        """The loss whose second derivatives these are."""
        with torch.no_grad():
            losses = [share * float(self._mean_loss(self._weights, *part)) for share, *part in self._slices()]
        return sum(losses) + 0.5 * self._weight_decay * float(self._weights.square().sum())

    def gradient(self) -> Float[np.ndarray, " parameters"]:
        """First derivatives of the same loss."""
        total = self._weight_decay * self._weights
        for share, *part in self._slices():
            total = total + share * torch.func.grad(self._mean_loss)(self._weights, *part)
        return total.detach().cpu().numpy()

    def _product(self, vector: Float[Tensor, " parameters"]) -> Float[Tensor, " parameters"]:
        total = self._weight_decay * vector
        for share, inputs, targets in self._slices():

            def slope(weights: Tensor, inputs: Tensor = inputs, targets: Tensor = targets) -> Tensor:
                return torch.func.grad(self._mean_loss)(weights, inputs, targets) @ vector

            # Backward twice: forward mode is no faster here, and loads rules of torch.jit, which warns that it is deprecated.
            total = total + share * torch.func.grad(slope)(self._weights)
        return total

    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.as_tensor(np.ascontiguousarray(values)).to(self._weights)

    def __matmul__(self, vectors: Float[np.ndarray, "parameters ..."]) -> Float[np.ndarray, "parameters ..."]:
        """Products with one vector, or with each column of a matrix."""
        if np.ndim(vectors) not in (1, 2) or len(vectors) != self.shape[0]:
            raise ValueError(f"cannot multiply a {self.shape} Hessian by an array of shape {np.shape(vectors)}")
        columns = self._tensor(vectors).reshape(self.shape[0], -1).T
        # One column after the other: together they would need the memory of as many networks.
        products = torch.stack([self._product(column) for column in columns], dim=1)
        return products.detach().cpu().numpy().reshape(vectors.shape)

    def dense(self, chunk: int = 64) -> Float[np.ndarray, "parameters parameters"]:
        """The matrix itself, ``chunk`` columns at a time; the mean of what was computed and its transpose."""
        identity = torch.eye(self.shape[0], dtype=self._weights.dtype, device=self._weights.device)
        rows = torch.func.vmap(self._product, chunk_size=chunk)(identity).detach()
        return ((rows + rows.T) / 2).cpu().numpy()

    def to_scipy(self) -> LinearOperator:
        """For the solvers of ``scipy.sparse.linalg``."""
        dtype = self._weights.cpu().numpy().dtype
        return LinearOperator(self.shape, matvec=lambda v: self @ v.ravel(), matmat=lambda v: self @ v, dtype=dtype)  # pyright: ignore[reportCallIssue]


def extreme_eigenvalues(hessian: Hessian, seed: int) -> tuple[float, float]:
    """Smallest and largest eigenvalue, with their signs; ``seed`` draws the start of the Lanczos iteration (SciPy's ``eigsh``)."""
    return _eigenvalue(hessian, "SA", seed), _eigenvalue(hessian, "LA", seed)


def top_eigenvalue(hessian: Hessian, seed: int) -> float:
    """The eigenvalue of largest magnitude, with its sign: negative where a ridge dominates."""
    return _eigenvalue(hessian, "LM", seed)


def largest_eigenvalue(
    hessian: Hessian, seed: int, tolerance: float = EIGENVALUE_TOLERANCE, num_vectors: int | None = None
) -> float:
    """The largest eigenvalue, its sign kept; ``tolerance`` is that of the eigenvector, ``num_vectors`` the size of the Lanczos basis."""
    return _eigenvalue(hessian, "LA", seed, tolerance, num_vectors)


def _eigenvalue(
    hessian: Hessian,
    which: Literal["SA", "LA", "LM"],
    seed: int,
    tolerance: float = EIGENVALUE_TOLERANCE,
    num_vectors: int | None = None,
) -> float:
    if hessian.shape[0] == 1:  # ARPACK wants fewer eigenvalues than there are
        return hessian.dense().item()
    start = np.random.default_rng(seed).normal(size=hessian.shape[0])
    values = eigsh(
        hessian.to_scipy(),
        1,
        which=which,
        ncv=num_vectors and min(num_vectors, hessian.shape[0]),
        v0=start,
        tol=tolerance,  # pyright: ignore[reportArgumentType]
        return_eigenvectors=False,
    )
    return float(values[0])


def trace(hessian: Hessian, num_probes: int, seed: int) -> tuple[float, float]:
    """Sum of all eigenvalues, estimated, and the standard error of the estimate.

    The mean of v . H v over vectors v of random signs (Hutchinson 1989), whose variance comes from the off-diagonal
    entries alone.
    """
    if num_probes < 2:
        raise ValueError(f"num_probes is {num_probes}; a standard error needs 2 at least")
    random = np.random.default_rng(seed)
    probes = (random.choice((-1.0, 1.0), hessian.shape[0]) for _ in range(num_probes))
    values = np.array([float(probe @ (hessian @ probe)) for probe in probes])
    return float(values.mean()), float(values.std(ddof=1) / num_probes**0.5)


# ---------------------------------------------------------------------------------------------------------------------
# A stack of small networks


def stacked_loss(
    network: MLP,
    weights: Float[Tensor, "networks parameters"],
    inputs: Float[Tensor, "examples ..."],
    targets: Tensor,
    weight_decay: float = 0.0,
) -> Float[Tensor, " networks"]:
    """Loss of each network, in the precision of ``weights``; differentiable."""
    hidden = inputs.flatten(1).to(weights.dtype).T.expand(len(weights), -1, -1)
    activation = network.activation.module()
    for number, layer in enumerate(_layers(network, weights)):
        hidden = torch.baddbmm(layer[:, :, -1:], layer[:, :, :-1], activation(hidden) if number else hidden)
    if targets.is_floating_point():
        targets = targets.to(weights.dtype)
    return mean_loss(hidden.transpose(1, 2), targets) + 0.5 * weight_decay * weights.square().sum(1)


def stacked_gradient(
    network: MLP,
    weights: Float[Tensor, "networks parameters"],
    inputs: Float[Tensor, "examples ..."],
    targets: Tensor,
    weight_decay: float = 0.0,
) -> Float[Tensor, "networks parameters"]:
    """Gradient of each network's loss with respect to its own weights."""
    return torch.cat([_backward(network, part, inputs, targets, weight_decay)[0] for part in _chunks(network, weights, inputs)])


def stacked_hessian(
    network: MLP,
    weights: Float[Tensor, "networks parameters"],
    inputs: Float[Tensor, "examples ..."],
    targets: Tensor,
    weight_decay: float = 0.0,
) -> Float[Tensor, "networks parameters parameters"]:
    """Exact Hessian of each network's loss with respect to its own weights, symmetric to the last bit.

    By the formulas of Bishop (1992, "Exact calculation of the Hessian matrix for the multilayer perceptron"): derivatives with respect to
    the units' inputs, of which there are far fewer than parameters, then one matrix product a pair of layers. Automatic
    differentiation along every parameter gives the same numbers and takes many times as long.
    """
    return stacked_gradient_and_hessian(network, weights, inputs, targets, weight_decay)[1]


def stacked_gradient_and_hessian(
    network: MLP,
    weights: Float[Tensor, "networks parameters"],
    inputs: Float[Tensor, "examples ..."],
    targets: Tensor,
    weight_decay: float = 0.0,
) -> tuple[Float[Tensor, "networks parameters"], Float[Tensor, "networks parameters parameters"]]:
    """Both at once, which costs little more than the Hessian."""
    gradients, hessians, start = torch.empty_like(weights), weights.new_empty(*weights.shape, weights.shape[1]), 0
    for part in _chunks(network, weights, inputs):
        rows = slice(start, start + len(part))
        gradients[rows], hessians[rows] = _backward(network, part, inputs, targets, weight_decay, hessian=True)
        start = rows.stop
    return gradients, hessians


def _chunks(network: MLP, weights: Tensor, inputs: Tensor) -> tuple[Tensor, ...]:
    """Networks that are differentiated together, so few that the intermediates stay small."""
    units, widest = sum(network.widths[1:]), max(network.widths) + 1
    elements = len(inputs) * max(units * max(network.widths[1:]), widest**2)
    return weights.split(max(1, CHUNK_ELEMENTS // elements))


def _layers(
    network: MLP, weights: Float[Tensor, "networks parameters"]
) -> list[Float[Tensor, "networks outputs inputs_and_bias"]]:
    """The matrices of each layer, the bias as their last column."""
    matrices, start = [], 0
    for inputs, outputs in pairwise(network.widths):
        middle, end = start + inputs * outputs, start + (inputs + 1) * outputs
        matrix = weights[:, start:middle].reshape(-1, outputs, inputs)
        matrices.append(torch.cat([matrix, weights[:, middle:end, None]], dim=2))
        start = end
    return matrices


@lru_cache(maxsize=16)
def _flat_order(network: MLP, device: torch.device) -> Int[Tensor, " parameters"]:
    """Where each parameter is in the concatenation of the matrices of ``_layers``."""
    positions = torch.arange(network.num_parameters, dtype=torch.float64)[None]
    concatenated = torch.cat([layer.flatten(1) for layer in _layers(network, positions)], dim=1)[0]
    return concatenated.long().argsort().to(device)


def _with_ones(values: Float[Tensor, "networks units examples"]) -> Float[Tensor, "networks units_and_one examples"]:
    return nn.functional.pad(values, (0, 0, 0, 1), value=1.0)


def _backward(
    network: MLP, weights: Tensor, inputs: Tensor, targets: Tensor, weight_decay: float, hessian: bool = False
) -> tuple[Tensor, Tensor]:
    """Gradient and, if asked for, Hessian of each network. Examples are the last axis, so that the products over them are batched.

    In the names of Bishop (1992): for units i of layer k and j of layer l >= k, ``along[l]`` holds g = d z_j / d z_i,
    ``second[l]`` holds b = d delta_j / d z_i, with z a unit's input and delta = dL/dz.
    """
    matrices = _layers(network, weights)
    num_networks, num_examples, last = len(weights), len(inputs), len(matrices) - 1
    widths = network.widths[1:]

    # Forward: inputs of each layer with a one for the bias, slopes and curvatures of the activations.
    hidden = inputs.flatten(1).to(weights.dtype).T.expand(num_networks, -1, -1)
    fed, slopes, bends, along = [], [], [], []
    for number, matrix in enumerate(matrices):
        fed.append(_with_ones(hidden))
        unit_inputs = matrix @ fed[-1]
        if hessian:
            identity = torch.eye(widths[number], dtype=weights.dtype, device=weights.device)
            own = identity[None, :, :, None].expand(num_networks, -1, -1, num_examples)
            if number:
                spread = (slopes[-1][:, :, None] * along[-1]).flatten(2)
                earlier = (matrix[:, :, :-1] @ spread).reshape(num_networks, widths[number], -1, num_examples)
                own = torch.cat([earlier, own], dim=2)
            along.append(own)
        if number < last:
            hidden, slope, bend = network.activation.derivatives(unit_inputs, hessian)
            slopes.append(slope)
            bends.append(bend)
        else:
            hidden = unit_inputs
    errors, curved = _loss_derivatives(hidden, targets, along[-1] if hessian else None)

    # Backward.
    gradients: list[Tensor] = [errors] * len(matrices)
    blocks = torch.empty(0)
    if hessian:
        blocks = weights.new_empty(num_networks, network.num_parameters, network.num_parameters)
    ends = np.cumsum([matrix[0].numel() for matrix in matrices])
    for number in range(last, -1, -1):
        gradients[number] = (errors @ fed[number].transpose(1, 2)).flatten(1)
        if hessian:
            rows = slice(int(ends[number]) - matrices[number][0].numel(), int(ends[number]))
            first_unit = 0
            for earlier in range(number + 1):
                units = slice(first_unit, first_unit + widths[earlier])
                first_unit += widths[earlier]
                columns = slice(int(ends[earlier]) - matrices[earlier][0].numel(), int(ends[earlier]))
                block = _pair(curved[:, :, units], fed[number], fed[earlier])
                if earlier < number:
                    moved = slopes[number - 1][:, :, None] * along[number - 1][:, :, units]
                    block[:, :, :-1] += _moved(errors, moved, fed[earlier])
                    block = block.reshape(num_networks, rows.stop - rows.start, columns.stop - columns.start)
                    blocks[:, columns, rows] = block.transpose(1, 2)
                else:
                    block = block.reshape(num_networks, rows.stop - rows.start, columns.stop - columns.start)
                    block = (block + block.transpose(1, 2)) / 2
                blocks[:, rows, columns] = block
        if number:
            returned = matrices[number][:, :, :-1].transpose(1, 2)
            arriving = returned @ errors
            if hessian:
                num_units = sum(widths[:number])
                through = (returned @ curved[:, :, :num_units].flatten(2)).reshape(num_networks, -1, num_units, num_examples)
                bent = (bends[number - 1] * arriving)[:, :, None] * along[number - 1]
                curved = bent + slopes[number - 1][:, :, None] * through
            errors = slopes[number - 1] * arriving

    order = _flat_order(network, weights.device)
    gradient = torch.cat(gradients, dim=1)[:, order] + weight_decay * weights
    if hessian:
        blocks = blocks[:, order][:, :, order]
        blocks.diagonal(dim1=1, dim2=2).add_(weight_decay)
    return gradient, blocks


def _pair(
    curved: Float[Tensor, "networks j i examples"],
    fed_later: Float[Tensor, "networks q examples"],
    fed_earlier: Float[Tensor, "networks p examples"],
) -> Float[Tensor, "networks j q i p"]:
    """Sum over the examples of b_ji a_q a_p."""
    (networks, later, earlier, _), q, p = curved.shape, fed_later.shape[1], fed_earlier.shape[1]
    fed = (fed_later[:, :, None] * fed_earlier[:, None]).flatten(1, 2)
    product = curved.flatten(1, 2) @ fed.transpose(1, 2)
    return product.reshape(networks, later, earlier, q, p).transpose(2, 3).contiguous()


def _moved(
    errors: Float[Tensor, "networks j examples"],
    moved: Float[Tensor, "networks q i examples"],
    fed_earlier: Float[Tensor, "networks p examples"],
) -> Float[Tensor, "networks j q i p"]:
    """Sum over the examples of delta_j (d a_q / d z_i) a_p: the earlier weight moves what the later layer is fed."""
    (networks, later, _), p, (_, q, earlier, _) = errors.shape, fed_earlier.shape[1], moved.shape
    sent = (errors[:, :, None] * fed_earlier[:, None]).flatten(1, 2)
    product = moved.flatten(1, 2) @ sent.transpose(1, 2)
    return product.reshape(networks, q, earlier, later, p).permute(0, 3, 1, 2, 4)


def _loss_derivatives(
    outputs: Float[Tensor, "networks outputs examples"], targets: Tensor, along: Tensor | None
) -> tuple[Tensor, Tensor]:
    """dL/dz of the outputs, and its derivative along each unit's input, for the two losses of ``mean_loss``."""
    num_outputs, num_examples = outputs.shape[1:]
    if targets.is_floating_point():
        scale = 2 / (num_outputs * num_examples)
        return scale * (outputs - targets.to(outputs.dtype).T), outputs if along is None else scale * along
    shares = outputs.softmax(1)
    errors = (shares - nn.functional.one_hot(targets, num_outputs).T) / num_examples
    if along is None:
        return errors, outputs
    weighted = shares[:, :, None] * along
    return errors, (weighted - shares[:, :, None] * weighted.sum(1, keepdim=True)) / num_examples


# ---------------------------------------------------------------------------------------------------------------------
# Jobs


@dataclass(frozen=True)
class Spectrum:
    """Exact curvature of each network of a stack: ``eigenvalues`` of the Hessian of the loss, ascending.

    ``grad_norm_squared`` is the squared Euclidean norm of the gradient of the same loss, weight decay included.
    """

    loss: Float[np.ndarray, " networks"]
    grad_norm_squared: Float[np.ndarray, " networks"]
    eigenvalues: Float[np.ndarray, "networks parameters"]


@dataclass(frozen=True)
class Spectra(Job):
    """Loss, gradient and all Hessian eigenvalues of a trained stack on its whole training set, in float64."""

    of: TrainStack
    at_step: int | None = None
    """Number of updates after which the weights were kept; None for the final weights."""

    def __post_init__(self):
        check_step(self.of, self.at_step)

    def compute(self, training: Training) -> Spectrum:
        network, decay = mlp_of(self.of), self.of.recipe.weight_decay
        weights, inputs, targets = float64_problem(self.of, self.at_step, training)
        losses, norms, eigenvalues = [], [], []
        for part in _chunks(network, weights, inputs):
            gradient, hessian = stacked_gradient_and_hessian(network, part, inputs, targets, decay)
            losses.append(stacked_loss(network, part, inputs, targets, decay))
            norms.append(gradient.square().sum(1))
            eigenvalues.append(torch.linalg.eigvalsh(hessian))
        return Spectrum(*(torch.cat(parts).cpu().numpy() for parts in (losses, norms, eigenvalues)))

    def placeholder(self) -> Spectrum:
        networks, parameters = len(self.of.seeds), self.of.network.num_parameters
        return Spectrum(
            np.linspace(0.05, 0.09, networks),
            np.geomspace(1e-6, 1e-4, networks),
            np.sort(np.random.default_rng(0).normal(0.3, 1.0, (networks, parameters)), axis=1),
        )

    @property
    def seconds(self) -> float:
        return 0.1 + len(self.of.seeds) * hessian_seconds(self.of)


@dataclass(frozen=True)
class CurvatureSummary:
    """Smallest and largest Hessian eigenvalue, their sign kept, and the sum of all with its standard error."""

    bottom_eigenvalue: float
    top_eigenvalue: float
    trace: float
    trace_standard_error: float


@dataclass(frozen=True)
class Curvature(Job):
    """Extreme Hessian eigenvalues and the trace at a trained network, on its first training examples, in float64.

    In evaluation mode, with the weight decay of its recipe.
    """

    of: Train
    num_examples: int
    num_probes: int
    """Random sign vectors of the estimate of the trace."""
    seed: int
    """Draws the probes, and where the Lanczos iteration starts."""

    def compute(self, training: Training) -> CurvatureSummary:
        model = self.of.rebuilt(training, "float64")
        split = self.of.data.load()
        batch = split.train_inputs[: self.num_examples], split.train_targets[: self.num_examples]
        hessian = Hessian(model, batch, self.of.recipe.weight_decay)
        return CurvatureSummary(*extreme_eigenvalues(hessian, self.seed), *trace(hessian, self.num_probes, self.seed))

    def placeholder(self) -> CurvatureSummary:
        distinct = 1 + 0.05 * (self.of.seed % 7) + 0.1 * np.log1p(self.of.recipe.batch_size or 60_000)
        return CurvatureSummary(-0.3 * distinct, 12.0 * distinct, 90.0 * distinct, 2.0 * distinct)

    @property
    def seconds(self) -> float:
        # About 60 products for the two eigenvalues; each is worth some 12 forward passes, in float64 at half the speed.
        num_products = 60 + self.num_probes
        return 0.5 + num_products * self.num_examples * self.of.network.num_flops * 24 / WORKER_FLOPS


def check_step(of: TrainStack, at_step: int | None) -> None:
    """Raises ValueError where the training ``of`` keeps no weights of that step."""
    if at_step is not None and at_step not in of.checkpoint_at:
        raise ValueError(f"at_step is {at_step}; expected one of the training's checkpoint_at, {of.checkpoint_at}, or None")


def mlp_of(job: TrainStack) -> MLP:
    """The network of a stack, of which only MLPs can be made."""
    if not isinstance(job.network, MLP):
        raise ValueError(f"only MLPs stack; {job.network} has no stacked Hessian, use curvature.Hessian")
    return job.network


def float64_problem(of: TrainStack, at_step: int | None, training: Training) -> tuple[Tensor, Tensor, Tensor]:
    """Weights after ``at_step`` updates, training inputs and targets, in float64. Raises ValueError where weights are not finite."""
    weights = training.weights
    if at_step is not None:
        weights = training.checkpoints[:, sorted(set(of.checkpoint_at)).index(at_step)]
    lost = [seed for seed, row in zip(of.seeds, weights, strict=True) if not np.isfinite(row).all()]
    if lost:
        raise ValueError(f"the training of seeds {lost} diverged: weights are not finite; lower its learning rate")
    split = of.data.load()
    tensor = torch.from_numpy(weights.astype(np.float64)).to(torch.get_default_device())
    targets = split.train_targets.double() if split.train_targets.is_floating_point() else split.train_targets
    return tensor, split.train_inputs.double(), targets


def hessian_seconds(of: TrainStack) -> float:
    """Roughly what one exact Hessian of one network and its eigenvalues take on one worker."""
    parameters, examples = of.network.num_parameters, of.data.sizes[0]
    units = sum(int(np.prod(layer.output_shape)) for layer in of.network.layers)
    return 1e-8 * examples * (units**2 + parameters) + (parameters**2 * examples + 30 * parameters**3) / WORKER_FLOPS
