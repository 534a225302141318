"""Pickled data frames, as FitSNAP and the old app wrote them. Frozen: what is read today stays readable, nothing is added.

A frame of another layout is converted by its owner, in the environment that made it, by ``CONVERSION``: there ``frame`` has a row
for each configuration and the columns energy, numbers, positions and forces.
"""

#: Writes a frame as an ``.npz`` that ``io.read`` takes.
CONVERSION = (
    "np.savez('frame.npz', keys=['frame'], configurations=[len(frame)], n_atoms=[len(z) for z in frame['numbers']], "
    "energies=frame['energy'], **{n: np.concatenate(frame[n]) for n in ('numbers', 'positions', 'forces')})"
)
