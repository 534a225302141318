"""Power spectra of many configurations by featomic, in batches on all cores."""

import functools
import os
import queue
import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor

import featomic
import numpy as np
from ase import Atoms
from metatensor import TensorMap
from scipy.sparse import csr_array

from ..dataset import Array, Jacobian
from ..progress import Progress

#: Most configurations, and atoms in them, handed to featomic at once: gradients before summation take tens of MB for
#: K = 1000, and a computation that is called off ends with the batches under way. A larger configuration is a batch by
#: itself.
BATCH, BATCH_ATOMS = 8, 64

_LOADING = threading.Lock()

#: Makes a calculator of featomic; and takes the spectrum of the configurations from the first to the one before the second.
Make = Callable[[], featomic.SoapPowerSpectrum]
Put = Callable[[int, int, TensorMap], None]


@functools.lru_cache(maxsize=4)
def _idle(of: Hashable) -> "queue.SimpleQueue[featomic.SoapPowerSpectrum]":
    """Calculators with the settings of a descriptor that nobody uses: one takes as long to make as a few atoms to describe."""
    return queue.SimpleQueue()


def in_batches(
    of: Hashable,
    make: Make,
    atoms: Sequence[Atoms],
    wanted: TensorMap,
    put: Put,
    *,
    strain: bool = False,
    progress: Progress | None,
) -> None:
    """Hands on the spectra of all configurations with their gradients, batch by batch, from several threads.

    Args:
        of: the descriptor, whose calculators are kept for the next call.
        make: its calculator.
        atoms: configurations that can be described.
        wanted: the columns, in the form in which featomic takes a selection.
        put: takes the spectrum of a batch, in no order; batches have configurations of their own.
        strain: whether gradients by the cell are wanted too.
        progress: called with (configurations done, configurations in all).

    Raises:
        ValueError: featomic refuses a configuration.
    """
    calculators = _idle(of)
    options = {"selected_keys": wanted.keys, "selected_properties": wanted}
    gradients = ["positions", *["strain"] * strain]

    def batch(start: int, stop: int) -> int:
        try:
            calculator = calculators.get_nowait()
        except queue.Empty:
            calculator = make()
        put(
            start,
            stop,
            calculator.compute([_without_box(a) for a in atoms[start:stop]], gradients=gradients, **options),
        )
        calculators.put(calculator)
        return stop - start

    with _LOADING:  # featomic loads its library on first use, and several threads would share a half-loaded one
        if calculators.empty():
            calculators.put(make())
    done, pool = 0, ThreadPoolExecutor(_threads())  # featomic releases the interpreter's lock while it computes
    try:
        for count in pool.map(batch, *_batches(atoms)):
            done += count
            if progress is not None:
                progress(done, len(atoms))
    except featomic.FeatomicError as error:
        why = str(error).partition("\n")[0]
        raise ValueError(
            f"atoms: expected configurations that featomic can describe, got others ({why:.200}); look for cells far longer in "
            "one direction than in another"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)  # after an exception the batches that wait are dropped, not computed


def fill(spectrum: TensorMap, offsets: Array, sites: Array) -> None:
    """Descriptors of one batch into their rows of (ΣN, K), from the first row of each of its configurations."""
    first = 0
    for block in spectrum.blocks():
        columns = slice(first, first + len(block.properties))
        sites[offsets[block.samples["system"]] + block.samples["atom"], columns] = block.values
        first = columns.stop


def sums(spectrum: TensorMap, offsets: Array, Phi: Array, Psi: Array) -> None:
    """Summed gradients of one batch into their rows; batches have rows of their own.

    Args:
        spectrum: of a batch.
        offsets: the first row of each of its configurations.
        Phi: (ΣN, 3, K).
        Psi: (m, 3, 3, K) of its configurations, or of none.
    """
    first = 0
    for block in spectrum.blocks():
        columns = slice(first, first + len(block.properties))
        # ∂D_i/∂x_j for every centre i: summed over i, with a minus sign, it is the force descriptor of atom j.
        positions = block.gradient("positions")
        _subtract(
            positions.values, offsets[positions.samples["system"]] + positions.samples["atom"], Phi[:, :, columns]
        )
        if len(Psi):
            strain = block.gradient("strain")
            _subtract(strain.values, block.samples["system"][strain.samples["sample"]], Psi[..., columns])
        first = columns.stop


def jacobian(spectrum: TensorMap, offsets: Array, K: int, N: int) -> Jacobian:
    """That of one batch; rows of atoms are numbered from its first configuration, of which there are N.

    Blocks of different neighbours have different pairs; each pair gets one row, with zeros where a block lacks it.
    """
    pairs, found = [], []
    for block in spectrum.blocks():
        positions = block.gradient("positions")
        rows, centre = block.samples, positions.samples["sample"]
        i = offsets[rows["system"][centre]] + rows["atom"][centre]
        pairs.append(i * N + offsets[positions.samples["system"]] + positions.samples["atom"])
        found.append(positions.values)
    which = np.unique(np.concatenate(pairs))
    values, first = np.zeros((len(which), 3, K)), 0
    for pair, gradients in zip(pairs, found, strict=True):
        values[np.searchsorted(which, pair), :, first : first + gradients.shape[2]] = -gradients
        first += gradients.shape[2]
    return Jacobian(which // N, which % N, values)


def _threads() -> int:
    """As many as featomic itself takes: those that its environment variable allows, or else all cores."""
    allowed = os.environ.get("RAYON_NUM_THREADS", "")
    return int(allowed) if allowed.isdigit() and int(allowed) else os.cpu_count() or 1


def _without_box(atoms: Atoms) -> Atoms:
    """An isolated configuration without a cell, of which featomic would warn."""
    return atoms if atoms.pbc.any() else Atoms(atoms.numbers, atoms.positions)


def _batches(atoms: Sequence[Atoms]) -> tuple[list[int], list[int]]:
    """First configurations of the batches, and the ones after their last."""
    starts: list[int] = []
    size = 0
    for m, a in enumerate(atoms):
        if not starts or m - starts[-1] == BATCH or size + len(a) > BATCH_ATOMS:
            starts.append(m)
            size = 0
        size += len(a)
    return starts, [*starts[1:], len(atoms)]


def _subtract(values: Array, rows: Array, sums: Array) -> None:
    """Subtracts each of the values from its row of the sums."""
    n = len(rows)
    if n == 0:
        return
    base = int(rows.min())
    height = int(rows.max()) - base + 1
    summing = csr_array((np.full(n, -1.0), (rows - base, np.arange(n))), shape=(height, n))
    sums[base : base + height] += (summing @ values.reshape(n, -1)).reshape(height, *sums.shape[1:])
