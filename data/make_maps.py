"""Makes data/methods/cu55_umap.npz: UMAP's maps of the shipped configurations, for several seeds, kept because its import alone takes seconds."""

from pathlib import Path

import numpy as np
from skmatter.preprocessing import StandardFlexibleScaler
from umap import UMAP

import fisherlib as fl

SEEDS, NEIGHBOURS, APART = (0, 1, 2), 15, 0.1


def main() -> None:
    data = fl.io.read("data/cu55_1200K.npz")
    D = np.concatenate([t.descriptors for t in data.values()]) / data.n_atoms[:, None]
    X = StandardFlexibleScaler(column_wise=False).fit_transform(D)
    maps = [UMAP(n_neighbors=NEIGHBOURS, min_dist=APART, random_state=s, n_jobs=1).fit_transform(X) for s in SEEDS]
    path = Path(__file__).parent / "methods" / "cu55_umap.npz"
    path.parent.mkdir(exist_ok=True)
    np.savez_compressed(path, coordinates=np.array(maps, np.float32), seeds=np.array(SEEDS))
    print(f"{path.name}: {len(SEEDS)} maps of {len(X)} configurations, {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
