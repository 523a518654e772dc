"""Paths of weights: joint principal components of checkpoints, what the plane leaves out, and what random walks would show.

Principal components of a high-dimensional random walk hold most of its variance as well and draw Lissajous curves
(Antognini & Sohl-Dickstein 2018): one long walk has the shares 6 / (pi k)^2, so 61 and 15 %. That limit is not the null of
a few short walks; ``random_walk_null`` simulates the null with the measured runs, checkpoints, step lengths and starts.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int, Shaped

from lab import costs
from lab.checkpoints import check_comparable
from lab.network import Network
from lab.trained import Training
from lab.training import Train
from measured.jobs import Job

COLUMNS_AT_A_TIME = 1 << 15  # of a matrix in float64: a few dozen rows of so many stay in the processor's cache


@dataclass(frozen=True)
class Components:
    """Principal components of rows about their common mean: row = mean + coordinates @ basis + what is left out."""

    coordinates: Float[np.ndarray, "rows components"]
    explained: Float[np.ndarray, " components"]
    """Shares of the total variance, largest first."""
    basis: Float[np.ndarray, "components parameters"]
    """Orthonormal rows."""
    mean: Float[np.ndarray, " parameters"]


def principal_components(
    matrix: Float[np.ndarray, "rows parameters"], num_components: int, times: Shaped[np.ndarray, " rows"] | None = None
) -> Components:
    """Principal components through the Gram matrix of the centred rows, or their covariance where that is smaller, in float64.

    A component's sign is free. It is taken so that the coordinate rises with ``times`` over all rows; where it does neither
    rise nor fall, or without times, so that the coordinate of largest magnitude is positive. Negated data have the same
    coordinates.
    """
    rows, num_parameters = matrix.shape
    if not 1 <= num_components <= min(rows - 1, num_parameters):
        raise ValueError(
            f"{rows} rows of {num_parameters} numbers have at most {min(rows - 1, num_parameters)} components; "
            f"got {num_components}"
        )
    mean = matrix.mean(0, dtype=np.float64)

    def centred() -> Iterator[tuple[slice, np.ndarray]]:
        for start in range(0, num_parameters, COLUMNS_AT_A_TIME):
            part = slice(start, start + COLUMNS_AT_A_TIME)
            yield part, matrix[:, part] - mean[part]

    # Of more rows than columns, the covariance of the columns is the smaller matrix, and its eigenvectors are the basis.
    is_tall = rows > num_parameters
    if is_tall:
        scatter = (matrix - mean).T @ (matrix - mean)
    else:
        scatter = sum((block @ block.T for _, block in centred()), np.zeros((rows, rows)))
    if not np.trace(scatter) > 0:
        raise ValueError(f"the {rows} rows are equal or not finite; principal components need rows that differ")
    basis = np.linalg.eigh(scatter)[1][:, : -num_components - 1 : -1].T
    if not is_tall:
        basis = np.concatenate([basis @ block for _, block in centred()], axis=1)
    # Where rows vary in fewer directions than were asked for, the rest is rounding and leans on them; QR sets it upright.
    basis = np.linalg.qr(basis.T)[0].T
    coordinates = sum((block @ basis[:, part].T for part, block in centred()), np.zeros((rows, num_components)))
    signs = _signs(coordinates, times)
    return Components(coordinates * signs, (coordinates**2).sum(0) / np.trace(scatter), basis * signs[:, None], mean)


def _signs(coordinates: np.ndarray, times: np.ndarray | None) -> np.ndarray:
    sizes = np.abs(coordinates)
    # Of several as large up to rounding, the first row decides.
    largest = (sizes >= sizes.max(0) * (1 - 1e-9)).argmax(0)
    signs = np.sign(coordinates[largest, np.arange(coordinates.shape[1])])
    if times is not None:
        since = times - np.mean(times)
        drift = since @ coordinates
        clear = np.abs(drift) > 1e-9 * np.linalg.norm(since) * np.linalg.norm(coordinates, axis=0)
        signs = np.where(clear, np.sign(drift), signs)
    return np.where(signs == 0, 1.0, signs)


def relative_residual(
    points: Float[np.ndarray, "points parameters"],
    basis: Float[np.ndarray, "components parameters"],
    origin: Float[np.ndarray, " parameters"],
) -> Float[np.ndarray, " points"]:
    """Distance of each point from the plane through ``origin``, as a share of its distance from ``origin``.

    0 in the plane, 1 where all of the way from the origin is perpendicular to it; 0 at the origin itself. What it says
    depends on the origin. About the joint mean it is what the components leave out of a point. About a run's end it is what
    a picture of the loss on the plane through that end, as Li et al. 2018 draw it, leaves out of the way there: near the
    end, where the way is short, it can be large in a faithful picture.
    """
    offsets = points - origin.astype(np.float64)
    distances = np.linalg.norm(offsets, axis=1)
    outside = np.linalg.norm(offsets - (offsets @ basis.T) @ basis, axis=1)
    return np.divide(outside, distances, out=np.zeros_like(distances), where=distances > 0)


def _kept(path: Float[np.ndarray, "checkpoints parameters"], plane: Float[np.ndarray, "2 parameters"]) -> float:
    own = path - path.mean(0, dtype=np.float64)
    return float(((own @ plane.T) ** 2).sum() / (own**2).sum())


def random_walk_null(
    starts: Float[np.ndarray, "runs parameters"],
    step_lengths: Float[np.ndarray, "runs steps"],
    num_components: int,
    num_simulations: int,
    seed: int,
) -> Float[np.ndarray, "simulations components"]:
    """Shares of variance in the first principal components of random walks, one row per simulation.

    Each run begins at its own start and makes its own steps, of the given Euclidean lengths in uniform directions. No vector
    of the dimension is drawn. The explained shares depend on inner products only; in a basis that begins with the
    plane of the starts, the part of Gaussian directions outside that plane is rotated to triangular form, whose entries are
    independent normal and chi variables (Bartlett's decomposition of a Wishart matrix). This is exact.
    """
    (runs, num_steps), num_parameters = step_lengths.shape, starts.shape[1]
    random = np.random.default_rng(seed)
    offsets = starts - starts[0].astype(np.float64)  # exactly zero where the start is shared
    values, vectors = np.linalg.eigh(offsets @ offsets.T)
    kept = values > runs * np.finfo(np.float64).eps * values[-1]
    start_coordinates = vectors[:, kept] * np.sqrt(values[kept])
    num_outside = num_parameters - start_coordinates.shape[1]

    shares = np.zeros((num_simulations, num_components))  # walks in fewer dimensions have no more components
    for share in shares:
        inside = random.standard_normal((runs * num_steps, start_coordinates.shape[1]))
        directions = np.hstack([inside, _rotated_gaussians(random, runs * num_steps, num_outside)])
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        points = np.zeros((runs, num_steps + 1, directions.shape[1]))
        points[:, 0, : start_coordinates.shape[1]] = start_coordinates
        points[:, 1:] = directions.reshape(runs, num_steps, -1) * step_lengths[..., None]
        rows = points.cumsum(1).reshape(runs * (num_steps + 1), -1)
        variances = np.linalg.svd(rows - rows.mean(0), compute_uv=False) ** 2
        share[: len(variances)] = variances[:num_components] / variances.sum()
    return shares


def _rotated_gaussians(random: np.random.Generator, rows: int, dimension: int) -> Float[np.ndarray, "rows columns"]:
    """Standard normal vectors of ``dimension`` in at most ``rows`` coordinates, inner products distributed as theirs."""
    columns = min(rows, dimension)
    factor = np.tril(random.standard_normal((rows, columns)), k=-1)
    np.fill_diagonal(factor, np.sqrt(random.chisquare(dimension - np.arange(columns))))
    return factor


# ---------------------------------------------------------------------------------------------------------------------


def places_of(network: Network, layer: str | None) -> slice | Int[np.ndarray, " parameters"]:
    """Where the parameters of ``layer`` are in the flat vector; a layer is named as torch names it (``3`` or ``3.weight``)."""
    if layer is None:
        return slice(None)
    places = network.named_weights(np.arange(network.num_parameters))
    found = [place.ravel() for name, place in places.items() if name == layer or name.startswith(f"{layer}.")]
    if not found:
        raise ValueError(f"{network} has no layer {layer!r}; expected one of {', '.join(places)}, or what is before the dot")
    return np.concatenate(found)


@dataclass(frozen=True)
class Paths:
    """Checkpoints of several runs in the basis of their joint principal components; lengths are Euclidean, in weight units."""

    steps: Int[np.ndarray, " checkpoints"]
    """Updates made."""
    coordinates: Float[np.ndarray, "runs checkpoints components"]
    """From the mean over all rows; each rises with the number of updates."""
    explained: Float[np.ndarray, " components"]
    """Shares of the variance of all rows."""
    null_explained: Float[np.ndarray, "simulations components"]
    """The same for random walks with these starts and step lengths."""
    outside: Float[np.ndarray, "runs checkpoints"]
    """Distance from the plane of the first two components as a share of the distance from the joint mean."""
    outside_from_end: Float[np.ndarray, "runs checkpoints"]
    """The same for the parallel plane through the run's end, as a share of the distance from that end."""
    distance_from_start: Float[np.ndarray, "runs checkpoints"]
    """From the run's first checkpoint."""
    step_lengths: Float[np.ndarray, "runs steps"]
    """Between neighbouring checkpoints."""
    kept: Float[np.ndarray, " runs"]
    """Share of the variance of one run's checkpoints about their own mean that the joint plane keeps: of its movement, not of
    where it is."""
    alone_explained: Float[np.ndarray, " runs"]
    """Share of that variance in the first two components of the run by itself."""
    null_alone_explained: Float[np.ndarray, "simulations runs"]
    """The same for a random walk with the run's step lengths."""


@dataclass(frozen=True)
class JointPCA(Job[Paths]):
    """One basis for the checkpoints of all runs, centred jointly, of the whole model or of one layer.

    Starts that differ are about equally far apart, so the first components of R runs then tell the runs apart rather than
    show how they move: with ``from_own_start`` each run is measured from its first checkpoint. Which updates are kept
    changes the components.
    """

    of: tuple[Train, ...]
    layer: str | None = None
    """Parameters whose torch name is this or begins with it and a dot; None for all."""
    num_components: int = 2
    num_simulations: int = 100
    """Random walks that the explained shares are held against."""
    seed: int = 0
    """Of the simulations."""
    from_own_start: bool = False
    """Subtract each run's first checkpoint; the random walks then share their start."""

    def __post_init__(self):
        check_comparable(self.of)
        num_rows = len(self.of) * len(set(self.of[0].checkpoint_at))
        if not 2 <= self.num_components < num_rows:
            raise ValueError(
                f"num_components is {self.num_components}; expected 2 or more, for the plane, "
                f"and fewer than the {num_rows} rows"
            )
        places_of(self.of[0].network, self.layer)

    def compute(self, *trainings: Training) -> Paths:
        places = places_of(self.of[0].network, self.layer)
        paths = np.stack([training.checkpoints[:, places] for training in trainings])
        ends = np.stack([training.weights[places] for training in trainings])
        if self.from_own_start:
            ends = ends - paths[:, 0].astype(np.float64)
            paths = paths - paths[:, :1].astype(np.float64)
        runs, checkpoints, _ = paths.shape
        steps = trainings[0].checkpoint_steps
        found = principal_components(paths.reshape(runs * checkpoints, -1), self.num_components, np.tile(steps, runs))
        plane = found.basis[:2]
        step_lengths = np.stack([np.linalg.norm(np.diff(path.astype(np.float64), axis=0), axis=1) for path in paths])
        return Paths(
            steps,
            found.coordinates.reshape(runs, checkpoints, -1),
            found.explained,
            random_walk_null(paths[:, 0], step_lengths, self.num_components, self.num_simulations, self.seed),
            np.stack([relative_residual(path, plane, found.mean) for path in paths]),
            np.stack([relative_residual(path, plane, end) for path, end in zip(paths, ends, strict=True)]),
            np.stack([np.linalg.norm(path - path[0].astype(np.float64), axis=1) for path in paths]),
            step_lengths,
            np.array([_kept(path, plane) for path in paths]),
            np.array([principal_components(path, 2).explained.sum() for path in paths]),
            np.stack(
                [
                    random_walk_null(path[:1], lengths[None], 2, self.num_simulations, self.seed + 1 + number).sum(1)
                    for number, (path, lengths) in enumerate(zip(paths, step_lengths, strict=True))
                ],
                axis=1,
            ),
        )

    @property
    def axes(self) -> dict[str, int]:
        checkpoints = len(set(self.of[0].checkpoint_at))
        sizes = {"runs": len(self.of), "checkpoints": checkpoints, "steps": checkpoints - 1}
        return sizes | {"components": self.num_components, "simulations": self.num_simulations}

    def placeholder(self) -> Paths:
        made, of_all = super().placeholder(), self.num_components  # several shares of one variance
        return replace(
            made,
            steps=np.unique(self.of[0].checkpoint_at),
            explained=made.explained / of_all,
            null_explained=made.null_explained / of_all,
        )

    @property
    def flops(self) -> float:
        rows, parameters = len(self.of) * len(set(self.of[0].checkpoint_at)), self.of[0].network.num_parameters
        return costs.JOB / 2 + 10 * rows**2 * parameters + 750 * rows**3 * self.num_simulations
