"""Time of a 101 × 101 landscape of every loss on the shipped data."""

import time

import fisherlib as fl

REPEATS = 5

if __name__ == "__main__":
    data = fl.io.read("data/cu55_1200K.npz", check=False)
    moments = fl.accumulate(data)
    models = {"θ_f": fl.regression.fisher_fit(moments), "θ": fl.io.read_theta("data/theta_energy.json")}
    plane = fl.Plane.through(models["θ_f"].theta, models["θ"].theta, metric=fl.fisher(moments))
    start = time.perf_counter()
    projection = fl.project(data, plane)
    print(f"projection (one pass over Φ): {1e3 * (time.perf_counter() - start):.0f} ms")
    quadratics = {name: quadratic for name, (quadratic, _) in fl.atlas.quadratics(moments, None).items()}
    losses = quadratics | {name: getattr(projection, method) for name, (method, _) in fl.atlas.EVALUATED.items()}
    for name, loss in losses.items():
        times = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            fl.landscape(loss, plane, n=101)
            times.append(time.perf_counter() - start)
        print(f"{name:26s} {1e3 * min(times):8.2f} ms best, {1e3 * max(times):8.2f} ms worst of {REPEATS}")
