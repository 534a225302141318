"""Roofline arithmetic: what rates measured on one core and one disk mean for many workers and more data than one can hold."""

import math
from typing import NamedTuple

import numpy as np


class Rate(NamedTuple):
    """Measured for K descriptors: floating-point operations a second of the moments, and the solution, s."""

    K: int
    multiplied: float
    solution: float


class Machines(NamedTuple):
    """What the plan assumes; bytes a second unless said otherwise. A worker is one core."""

    total: float  # bytes of Φ
    workers: int
    disk: float  # of each worker
    checksum: float  # of each worker
    shared: float  # of a file system for all workers together
    network: float  # of a link between two workers
    latency: float  # s of a message
    number: int  # bytes of a stored number of Φ


class Plan(NamedTuple):
    """Times, s, and sizes, bytes, for K descriptors."""

    K: int
    balance: (
        float  # D* = (bytes of a number) P/B: with more descriptors, a core multiplies longer than its own disk reads
    )
    multiply: float
    check: float
    own_disk: float
    shared_disk: float
    record: float  # moments that a worker sends
    memory: float  # bound of what a worker holds
    merge: float
    solution: float

    def whole(self, reading: float) -> float:
        """From the first byte to θ_f; a core multiplies and checks while the next bytes are read."""
        return max(reading, self.multiply + self.check) + self.merge + self.solution

    def bound(self, reading: float) -> str:
        """What takes longest."""
        parts = {"disk": reading, "core": self.multiply + self.check, "merge": self.merge, "solution": self.solution}
        return max(parts, key=parts.__getitem__)


#: Bytes of a shard; a worker holds three: one is multiplied, one waits, one is read.
SHARD = 100e6


def planned(K: int, rates: list[Rate], on: Machines) -> Plan:
    """The plan for K descriptors, every worker with an equal share of the rows.

    Beyond the largest K measured, its rate is taken, and the solution grows as K³.
    """
    sizes, largest = np.array([r.K for r in rates]), rates[-1].K
    multiplied = float(np.interp(math.log(K), np.log(sizes), [r.multiplied for r in rates]))
    solution = float(np.interp(K, sizes, [r.solution for r in rates])) * max(1.0, K / largest) ** 3
    share, record = on.total / on.workers, 8.0 * (K**2 + (K + 2) ** 2 + 2 * K)
    return Plan(
        K=K,
        balance=on.number * multiplied / on.disk,
        multiply=share
        * K
        / (on.number * multiplied),  # rows · K² operations, of which there are share/(number · K) rows
        check=share / on.checksum,
        own_disk=share / on.disk,
        shared_disk=on.total / on.shared,
        record=record,
        memory=2 * 8.0 * (K + 1) ** 2 + 3 * SHARD,
        merge=math.ceil(math.log2(on.workers)) * (record / on.network + on.latency),
        solution=solution,
    )


def printed(plans: list[Plan], on: Machines) -> None:
    """Prints the plan with its assumptions."""
    each = on.total / on.workers
    print(
        f"plan, not measured: {on.total / 1e12:g} TB of Φ as float{8 * on.number} on {on.workers} workers of one core,"
        f" {each / 1e9:g} GB each\n"
        f"  assumed: a core multiplies at the rate measured here and takes checksums at {on.checksum / 1e9:.1f} GB/s, while"
        f" the next bytes are read\n"
        f"  from a disk of its own at {on.disk / 1e9:.2f} GB/s ({each / on.disk:.1f} s), or from a file system of"
        f" {on.shared / 1e9:g} GB/s for all ({on.total / on.shared:.0f} s);\n"
        f"  moments are merged pairwise, {math.ceil(math.log2(on.workers))} times one after the other, over links of"
        f" {on.network / 1e9:g} GB/s and {1e3 * on.latency:g} ms; one core solves\n"
        "  D*: with more descriptors than that, a core multiplies longer than its own disk reads"
    )
    print(f"{'':46s}{'moments':>11s}{'memory':>10s}{'':20s}{'own disk:':>20s}{'shared:':>20s}")
    head = f"{'K':>6s}{'D*':>6s}{'core hours':>12s}{'multiply':>11s}{'check':>11s}{'a worker':>11s}{'a worker':>10s}"
    print(head + f"{'merge':>10s}{'solution':>10s}" + 2 * f"{'θ_f after':>12s}{'bound':>8s}")
    for p in plans:
        core = on.workers * (p.multiply + p.check) / 3600
        line = f"{p.K:6d}{p.balance:6.0f}{core:12.1f}{p.multiply:9.1f} s{p.check:9.1f} s{p.record / 1e6:8.2f} MB"
        line += f"{p.memory / 1e6:7.0f} MB{p.merge:8.2f} s{p.solution:8.2f} s"
        for reading in (p.own_disk, p.shared_disk):
            line += f"{p.whole(reading):10.1f} s{p.bound(reading):>8s}"
        print(line)
