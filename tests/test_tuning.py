"""A search for hyperparameters: what is drawn, what is measured, what is kept, and what is refused."""

import json
import logging
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from pair_functions import Pairs

import fisherlib as fl
from fisherlib.configurations import Configurations
from fisherlib.descriptors import Soap
from fisherlib.progress import silent
from fisherlib.tuning import Search, Space, Trial, journal, read, search

SMALL = {"costs": (), "progress": silent, "folds": 3}
SPACE = Space(Pairs, cutoff=(3.0, 6.0), degree=(0, 4), strength=(1e-10, 1e-2))


@pytest.fixture(scope="module")
def frames(root: Path) -> list[Configurations]:
    """Six walkers of two configurations."""
    return [f.take(f.key, [0, 1]) for f in fl.io.read_frames(root / "data" / "cu55_1200K.npz")[:6]]


def settings(found: Search) -> list[Mapping[str, Any]]:
    return [trial.settings for trial in found.trials]


def predicted(data: fl.Dataset, others: Mapping[str, Any]) -> fl.LinearPotential:
    """A fit of a user's."""
    assert set(others) == {"strength"}
    return fl.regression.ridge_fit(fl.accumulate(data), others["strength"])


class Stopped(Exception):
    """The search is called off."""


def stopping(after: int) -> fl.progress.Progress:
    def progress(done: int, total: int) -> None:
        if done >= after:
            raise Stopped

    return progress


def test_a_space_takes_ranges_choices_and_fixed_values() -> None:
    space = Space(Soap, cutoff=(4, 6.5), n_max=(2, 8), l_max=[1, 3], width=0.4, units=(8, 64), form=[(8, 8), (16,)])
    kinds = {axis.name: type(axis.distribution).__name__.removesuffix("Distribution") for axis in space.axes}
    assert kinds["cutoff"] == "Float" and kinds["n_max"] == kinds["units"] == "Int"
    assert [axis.name for axis in space.axes if axis.fixed] == ["width"]
    assert space.axis("form").choices == [(8, 8), (16,)] and space.axis("colour") is None
    assert Space.from_json(Soap, json.loads(json.dumps(space.as_json()))) == space
    assert Space(Soap, strength=(1e-3, 1e-2), rate=(1e-4, 1e-1)).axis("rate").log and not space.axis("cutoff").log


@pytest.mark.parametrize(
    ("ranges", "match"),
    [
        ({"cutoff": (6.0, 4.0)}, "cutoff: expected a range"),
        ({"cutoff": []}, "cutoff: expected at least one choice"),
        ({"n_max": (2, 50)}, "n_max: expected .* got 50"),
        ({"n_max": (2.5, 6)}, "n_max: expected a whole number"),
        ({"width": -1.0}, "width: expected"),
        ({"strength": (0.0, 1.0)}, "strength: expected a range"),
    ],
)
def test_a_range_that_is_none_is_refused(ranges: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        Space(Soap, **ranges)


def test_the_error_is_that_of_explicit_fits_to_all_other_folds(frames: list[Configurations]) -> None:
    space = Space(Pairs, cutoff=4.5, degree=2, strength=[1e-3])
    (trial,) = search(frames, space, trials=1, seed=3, **SMALL).trials
    data = fl.Dataset(
        [fl.descriptors.pieces.with_descriptors(f, descriptor=trial.descriptor, species=[29]) for f in frames]
    )
    squares = []
    for part in fl.validation.split([f.key for f in frames], 3, seed=3):
        Phi, F = (
            np.concatenate([getattr(data[k], a) for k in data if k not in part])
            for a in ("force_descriptors", "forces")
        )
        A = Phi.T @ Phi
        theta = np.linalg.solve(A + 1e-3 * np.diag(np.diag(A)), Phi.T @ F)
        squares.append(np.mean([(data[k].force_descriptors @ theta - data[k].forces) ** 2 for k in part]))
    assert trial.error == pytest.approx(np.sqrt(np.mean(squares)), rel=1e-9)
    spread = np.std(squares, ddof=1) / np.sqrt(3) / (2 * trial.error)
    assert trial.standard_error == pytest.approx(spread, rel=1e-9)
    assert (trial.K, trial.rank, trial.descriptor) == (3, 3, Pairs(cutoff=4.5, degree=2))
    assert trial.milliseconds > 0


def test_every_trial_takes_the_best_strength_of_its_range(frames: list[Configurations]) -> None:
    several = search(frames, Space(Pairs, strength=[1e-8, 1e-4, 1.0]), trials=1, **SMALL).best
    single = [search(frames, Space(Pairs, strength=s), trials=1, **SMALL).best for s in (1e-8, 1e-4, 1.0)]
    assert several.error == min(trial.error for trial in single)
    assert several.settings == min(single, key=lambda trial: trial.error).settings


def test_a_search_that_is_stopped_goes_on_as_if_it_never_was(frames: list[Configurations], tmp_path: Path) -> None:
    whole = search(frames, SPACE, trials=13, **SMALL)
    path = tmp_path / "new" / "a.journal"
    with pytest.raises(Stopped):
        search(frames, SPACE, trials=13, journal=path, **SMALL | {"progress": stopping(4)})
    assert len(read(path, descriptors=[Pairs]).trials) == 4
    told: list[tuple[int, int]] = []
    found = search(frames, SPACE, trials=13, journal=path, **SMALL | {"progress": lambda *at: told.append(at)})
    assert told == [(n, 13) for n in range(1, 14)]
    assert settings(found) == settings(whole) and [t.error for t in found.trials] == [t.error for t in whole.trials]
    assert [t.number for t in search(frames, SPACE, trials=2, journal=path, **SMALL).trials] == list(range(13))


def test_other_seeds_draw_other_settings(frames: list[Configurations]) -> None:
    a, b = (search(frames, SPACE, trials=2, seed=seed, **SMALL) for seed in (0, 1))
    assert settings(a) != settings(b)


def test_nothing_larger_than_allowed_is_drawn(frames: list[Configurations]) -> None:
    space = Space(Soap, cutoff=4.0, n_max=(1, 6), l_max=(0, 4))
    found = search([f.take(f.key, [0]) for f in frames[:3]], space, trials=12, most=12, **SMALL)
    assert max(trial.K for trial in found.trials) <= 12 and found.refused == 0
    with pytest.raises(ValueError, match="most: expected at least 1, .* got 0|most: expected a whole number"):
        search(frames, space, trials=1, most=0, **SMALL)
    with pytest.raises(ValueError, match="most: expected at least 6, as the smallest Soap"):
        search(frames, Space(Soap, n_max=(2, 4), l_max=[1, 2]), trials=1, most=5, **SMALL)


def test_settings_that_do_not_go_together_cost_nothing(frames: list[Configurations]) -> None:
    space = Space(Soap, cutoff=[3.0], n_max=1, l_max=0, smoothing=[0.5, 3.5])
    found = search(frames[:3], space, trials=4, **SMALL)
    assert {trial.settings["smoothing"] for trial in found.trials} == {0.5} and found.refused > 0
    with pytest.raises(ValueError, match="space: expected settings that go together, .* smoothing: expected less than"):
        search(frames[:3], Space(Soap, cutoff=3.0, smoothing=[3.5, 3.6]), trials=1, **SMALL)


def test_several_descriptors_share_a_search(frames: list[Configurations], tmp_path: Path) -> None:
    spaces = [Space(Pairs, degree=(0, 3)), Space(Soap, cutoff=(3.0, 4.0), n_max=2, l_max=1)]
    found = search(frames[:3], spaces, trials=8, journal=tmp_path / "j", **SMALL)
    assert {trial.name for trial in found.trials} == {"Pairs", "Soap"}
    assert all(isinstance(trial.descriptor, Soap) == (trial.name == "Soap") for trial in found.trials)
    again = read(tmp_path / "j", descriptors=[Pairs])
    assert again.trials == found.trials and again.spaces == found.spaces
    with pytest.raises(ValueError, match="descriptors: expected the class Pairs"):
        read(tmp_path / "j")


def test_a_fit_of_the_users_takes_the_settings_that_no_descriptor_knows(frames: list[Configurations]) -> None:
    space = Space(Pairs, degree=2, strength=[1e-3])
    ours = search(frames, space, trials=1, **SMALL).best
    theirs = search(frames, space, trials=1, fit=predicted, **SMALL).best
    assert theirs.error == pytest.approx(ours.error, rel=1e-9)
    assert theirs.standard_error == pytest.approx(ours.standard_error, rel=1e-9) and theirs.rank is None
    assert theirs.settings == {"degree": 2, "strength": 1e-3}


def test_a_fit_gets_the_jacobian_where_it_asks_for_it(frames: list[Configurations]) -> None:
    seen = []

    def fit(data: fl.Dataset, others: Mapping[str, Any]) -> fl.LinearPotential:
        seen.append((len(data), others["units"], all(t.jacobian is not None for t in data.values())))
        return fl.regression.fisher_fit(fl.accumulate(data))

    search(frames[:4], Space(Pairs, units=[8]), trials=1, fit=fit, jacobian=True, **SMALL | {"folds": 2})
    assert seen == [(2, 8, True)] * 2


def test_a_fit_that_predicts_nonsense_ends_the_search_and_its_trial(
    frames: list[Configurations], tmp_path: Path
) -> None:
    class Nonsense:
        def forces(self, data: fl.Trajectory) -> np.ndarray:
            return np.full(len(data.forces), np.nan)

    with pytest.raises(ValueError, match="fit: expected a model with 330 finite forces .* got 0 finite numbers"):
        search(frames, Space(Pairs), trials=1, journal=tmp_path / "j", fit=lambda data, others: Nonsense(), **SMALL)
    with pytest.raises(TypeError, match="fit: expected a model with forces.trajectory., got dict"):
        search(frames, Space(Pairs), trials=1, fit=lambda data, others: {}, **SMALL)  # type: ignore[arg-type, return-value]
    with pytest.raises(ValueError, match="journal: expected at least one finished trial"):
        read(tmp_path / "j", descriptors=[Pairs])


def test_cost_and_size_are_objectives(frames: list[Configurations], tmp_path: Path) -> None:
    found = search(frames, SPACE, trials=2, journal=tmp_path / "j", **SMALL | {"costs": ("milliseconds", "K")})
    values = [t.values for t in journal.finished(journal.study_in(tmp_path / "j"))]
    assert values == [[t.error, t.milliseconds, t.K] for t in found.trials]


def test_a_journal_of_another_search_is_refused(frames: list[Configurations], tmp_path: Path) -> None:
    path = tmp_path / "j"
    search(frames, SPACE, trials=1, journal=path, **SMALL)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="journal: expected the same data, got others in j"):
        search(frames[:5], SPACE, trials=1, journal=path, **SMALL)
    with pytest.raises(ValueError, match="journal: expected the same spaces"):
        search(frames, Space(Pairs, degree=(0, 2)), trials=1, journal=path, **SMALL)
    with pytest.raises(ValueError, match="journal: expected the same seed, got 0, not 1,"):
        search(frames, SPACE, trials=1, journal=path, seed=1, **SMALL)
    with pytest.raises(ValueError, match="journal: expected the same data"):
        search(frames, SPACE, trials=1, journal=path, per_trajectory=1, **SMALL)
    assert path.read_bytes() == before


def test_another_file_is_refused_and_left_alone(frames: list[Configurations], tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no end of line")
    for call in (lambda: search(frames, SPACE, trials=1, journal=path, **SMALL), lambda: read(path)):
        with pytest.raises(
            ValueError, match="journal: expected a new file, or one that a search has written, got notes"
        ):
            call()
    assert path.read_text() == "no end of line" and [p.name for p in tmp_path.iterdir()] == ["notes.txt"]
    (tmp_path / "empty").touch()
    with pytest.raises(ValueError, match="journal: expected one that a search has written, got empty"):
        read(tmp_path / "empty")


@pytest.mark.parametrize(
    "damage",
    [
        b'{"op_code":5,half of \n{}',
        b"\n\n",
        b"\x00\xff\xfe\n[]\n",
        b'{"op_code":99,"worker_id":"a"}\n',
        b"[1]\n",
        b'{"op_code":5}\n',
    ],
)
def test_a_damaged_journal_is_told_and_left_alone(root: Path, tmp_path: Path, frames: Any, damage: bytes) -> None:
    whole = (root / "data" / "cu55_tuning.journal").read_bytes()
    path, cut = tmp_path / "j", whole.index(b"\n", 5000) + 1
    path.write_bytes(whole[:cut] + damage + whole[cut:])
    for call in (lambda: read(path), lambda: search(frames, SPACE, trials=1, journal=path, **SMALL)):
        with pytest.raises(ValueError, match="^j: expected lines as a search writes them, got others"):
            call()
    assert path.read_bytes() == whole[:cut] + damage + whole[cut:] and [p.name for p in tmp_path.iterdir()] == ["j"]


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        (b'"error":', b'"errors":', "trial 0: expected lines as a search writes them, got others .* missing"),
        (b'"error":', b'"error":NaN,"was":', "trial 0: .*error: expected a finite number"),
        (b'"spaces":', b'"space":', "j: expected lines as a search writes them"),
        (b'"about":', b'"notes":', "journal: expected one that a search has written"),
    ],
)
def test_entries_that_no_search_has_written_are_told(
    root: Path, tmp_path: Path, old: bytes, new: bytes, match: str
) -> None:
    path = tmp_path / "j"
    path.write_bytes((root / "data" / "cu55_tuning.journal").read_bytes().replace(old, new))
    with pytest.raises(ValueError, match=match):
        read(path)


def test_a_journal_of_another_program_is_left_alone(frames: list[Configurations], tmp_path: Path) -> None:
    for name in ("theirs", journal.STUDY):
        path = tmp_path / name.replace(" ", "")
        with journal.quiet():
            optuna.create_study(storage=journal.storage(path), study_name=name).ask()
        before = path.read_bytes()
        for call in (lambda at=path: read(at), lambda at=path: search(frames, SPACE, trials=1, journal=at, **SMALL)):
            with pytest.raises(ValueError, match="journal: expected one that a search has written"):
                call()
        assert path.read_bytes() == before


def test_all_names_of_a_journal_share_one_lock_and_no_lock_is_left(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "j")
    journal.storage(tmp_path / "link")
    assert (tmp_path / "j").is_file()
    locks = [journal.storage(tmp_path / name)._backend._lock._lock_file for name in ("j", "link")]  # type: ignore[attr-defined]
    assert locks == [str(tmp_path.resolve() / "j.lock")] * 2
    with pytest.raises(FileNotFoundError):
        journal.Lock(tmp_path / "gone").acquire()
    assert not (tmp_path / "gone.lock").exists()


def test_a_pipe_is_no_journal(frames: list[Configurations], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(ValueError, match="expected a file, got a"):
            search(frames, SPACE, trials=1, journal=path, **SMALL)


def test_choices_of_strength_are_among_what_trials_have_found(frames: list[Configurations]) -> None:
    space = Space(Pairs, cutoff=[np.float64(3.0), 4], degree=[np.int64(0), 1], strength=[1, 2])
    found = search([f.take(f.key, [0]) for f in frames[:3]], space, trials=10, **SMALL)
    assert sum(found.importances.values()) == pytest.approx(1.0)
    for wrong in ("small", True, (1, 2, 3)):
        with pytest.raises(ValueError, match="strength: expected"):
            Space(Pairs, strength=wrong)
    with pytest.raises(TypeError, match="hidden: expected choices of numbers"):
        Space(Pairs, hidden=[object()])


def test_a_half_written_line_is_survived_wherever_it_ends(frames: list[Configurations], tmp_path: Path) -> None:
    path = tmp_path / "j"
    search(frames, SPACE, trials=3, journal=path, **SMALL)
    lines = path.read_bytes().splitlines(keepends=True)
    for kept, cut in ((len(lines) - 1, 5), (len(lines) - 2, 60), (1, 1), (0, 7)):
        path.write_bytes(b"".join(lines[:kept]) + lines[kept][:cut])
        if kept > 10:
            assert len(read(path, descriptors=[Pairs]).trials) == 2  # a reader is not disturbed, and changes nothing
        found = search(frames, SPACE, trials=3, journal=path, **SMALL)
        assert len(found.trials) == 3
        assert all(json.loads(line) for line in path.read_text().splitlines())


def test_the_lock_of_a_dead_process_does_not_hang(
    frames: list[Configurations], tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(journal, "GRACE", 3)
    path = tmp_path / "j"
    (tmp_path / "j.lock").touch()  # as a process that was killed leaves it
    start = time.monotonic()
    assert len(search(frames[:3], Space(Pairs), trials=1, journal=path, **SMALL).trials) == 1
    assert time.monotonic() - start >= 3
    assert [p.name for p in tmp_path.iterdir()] == ["j"]


def test_a_relative_journal_stays_where_it_is(frames: list[Configurations], tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)

    def progress(done: int, total: int) -> None:
        monkeypatch.chdir(tmp_path / "elsewhere")

    found = search(frames[:3], Space(Pairs, degree=(0, 2)), trials=2, journal="j", **SMALL | {"progress": progress})
    assert len(found.trials) == 2 and (tmp_path / "j").exists()


def test_configurations_are_evenly_chosen(root: Path) -> None:
    found = fl.tuning.search.__globals__["_evenly"](fl.io.read_frames(root / "data" / "cu55_1200K.npz")[:1], 3)
    every = fl.io.read_frames(root / "data" / "cu55_1200K.npz")[0]
    assert np.array_equal(found[0].energies, every.energies[[0, 24, 49]])


def test_optuna_says_nothing_and_is_left_as_it_was(frames: list[Configurations], caplog: Any, capfd: Any) -> None:
    before = optuna.logging.get_verbosity()
    with caplog.at_level(logging.DEBUG, "optuna"):
        caplog.clear()
        search(frames[:3], Space(Pairs), trials=1, **SMALL)
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr().err == ""


def test_a_search_without_a_progress_shows_a_bar_and_its_end_is_told(
    frames: list[Configurations], tmp_path: Path
) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="1 of 3 trials are finished and kept in j; the same call goes on"):
        search(frames[:3], Space(Pairs), trials=3, journal=tmp_path / "j", **SMALL | {"progress": interrupt})
    with pytest.raises(KeyboardInterrupt, match="1 of 3 trials are finished and lost; give journal="):
        search(frames[:3], Space(Pairs), trials=3, **SMALL | {"progress": interrupt})


def trial(number: int, error: float, milliseconds: float, K: int, **settings: Any) -> Trial:
    return Trial(
        number=number,
        name="Pairs",
        settings=settings,
        descriptor=Pairs(),
        error=error,
        standard_error=0.01,
        milliseconds=milliseconds,
        K=K,
    )


def test_best_cheapest_and_pareto_of_known_trials() -> None:
    made = [
        trial(0, 0.5, 1.0, 9),
        trial(1, 0.2, 4.0, 3),
        trial(2, 0.21, 2.0, 5),
        trial(3, 0.3, 3.0, 1),
        trial(4, 0.5, 1.0, 8),
    ]
    found = Search(trials=tuple(made), spaces=(SPACE,))
    assert found.best.number == 1 and found.cheapest(0.06).number == 2 and found.cheapest(0.04).number == 1
    assert found.cheapest(1.0, cost="K").number == 3
    assert [t.number for t in found.pareto()] == [0, 2, 1] and [t.number for t in found.pareto("K")] == [3, 1]
    assert found.importances == {}  # five trials say nothing
    assert "best: trial 1" in repr(found)


@pytest.mark.parametrize("matters", ["cutoff", "degree"])
def test_what_matters_is_important(matters: str) -> None:
    space, rng = (
        Space(Pairs, cutoff=(3.0, 6.0), degree=(0, 9), form=["a", "b"], strength=(1e-9, 1e-3)),
        np.random.default_rng(0),
    )
    made = []
    for number in range(80):
        drawn = {"cutoff": rng.uniform(3, 6), "degree": int(rng.integers(10)), "form": "ab"[rng.integers(2)]}
        drawn["strength"] = 10 ** rng.uniform(-9, -3)
        values = {
            "cutoff": abs(drawn["cutoff"] - 4.0),
            "degree": drawn["degree"] / 9,
        }
        made.append(trial(number, 1.0 + values[matters] + 1e-3 * rng.uniform(), 1.0, 1, **drawn))
    found = Search(trials=tuple(made), spaces=(space,)).importances
    assert next(iter(found)) == matters and found[matters] > 0.5 and sum(found.values()) == pytest.approx(1.0)
    assert set(found) == {"cutoff", "degree", "form", "strength"}


def test_the_kept_study_is_whole_and_names_nobody(root: Path, tmp_path: Path) -> None:
    path = root / "data" / "cu55_tuning.journal"
    assert path.stat().st_size <= 100_000
    before, copy = path.read_bytes(), Path(shutil.copy(path, tmp_path))
    copy.chmod(0o444)
    kept = read(copy)
    assert len(kept.trials) == 40 and max(trial.K for trial in kept.trials) <= 70
    assert read("data/cu55_tuning.journal").trials == kept.trials and path.read_bytes() == before
    assert sorted(kept.importances) == sorted(axis.name for axis in kept.spaces[0].axes)
    keys = {key for line in before.splitlines() for key in json.loads(line).get("user_attr", {})}
    assert keys <= {"about", "process", "found", "refused"}


def same(found: Sequence[Trial]) -> list[float]:
    return [trial.error for trial in found]


def test_a_dask_cluster_does_the_same(frames: list[Configurations], tmp_path: Path) -> None:
    from torture import dask_cluster

    alone = search(frames[:3], Space(Soap, n_max=(1, 3), l_max=1), trials=3, **SMALL)
    with dask_cluster(tmp_path) as local:
        found = search(
            frames[:3],
            Space(Soap, n_max=(1, 3), l_max=1),
            trials=3,
            journal=tmp_path / "j",
            client=local.scheduler_address,
            **SMALL,
        )
    assert same(found.trials) == pytest.approx(same(alone.trials), rel=1e-9)
