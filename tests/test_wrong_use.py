"""Wrong use of the public face: every common slip is answered in our words, which name the argument and what was expected."""

import dataclasses
import re
import traceback
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fisherlib as fl

ROOT = Path(fl.__file__).parent

#: A slip as somebody would type it, and the argument that the sentence must name.
SLIPS = {
    # data in memory
    "fl.Trajectory(key=300, **arrays)": "key",
    "fl.Trajectory(key='a', **arrays | {'forces': t.forces.reshape(-1, 3)})": "forces",
    "fl.Trajectory(key='a', **arrays | {'descriptors': t.descriptors.T})": "descriptors",
    "fl.Trajectory(key='a', **arrays | {'force_descriptors': t.force_descriptors.T})": "force_descriptors",
    "fl.Trajectory(key='a', **arrays | {'energies': 1.0})": "energies",
    "fl.Trajectory(key='a', **arrays | {'energies': None})": "energies",
    "fl.Trajectory(key='a', **arrays | {'energies': ['a'] * len(t)})": "energies",
    "fl.Trajectory(key='a', **arrays | {'n_atoms': 4})": "n_atoms",
    "fl.Trajectory(key='a', **arrays | {'descriptor_names': 3})": "descriptor_names",
    "fl.Trajectory(key='a', **arrays | {'temperature': '300'})": "temperature",
    "t.slice('0', 5)": "start",
    "t.slice(0, 1.5)": "stop",
    "fl.Dataset({'a': t})": "trajectories",
    "fl.Dataset('md.npz')": "trajectories",
    "fl.Dataset(Path('md.npz'))": "trajectories",
    "fl.Dataset(None)": "trajectories",
    "fl.Dataset(t)": "trajectories",
    "fl.Dataset([data, data])": "trajectories",
    "fl.Dataset(frame)": "trajectories",
    "fl.Dataset([t], provenance='md.npz')": "provenance",
    "data.select(0)": "keys",
    "data.drop(t)": "keys",
    "data.drop(None)": "keys",
    "data.blocks('5')": "number",
    "data.blocks(2.0)": "number",
    # moments
    "fl.accumulate(t)": "data",
    "fl.accumulate('md.npz')": "data",
    "fl.accumulate(Path('md.npz'))": "data",
    "fl.accumulate(moments)": "data",
    "fl.accumulate({'a': t})": "data",
    "fl.accumulate(frame)": "data",
    "fl.accumulate(None)": "data",
    "fl.accumulate(data, block_rows='all')": "block_rows",
    "fl.accumulate(data, progress=True)": "progress",
    "fl.Moments(data)": "records",
    "fl.Moments([moments['harmonic-0']])": "records",
    "fl.Moments(moments.total())": "records",
    "fl.Moments(None)": "records",
    "moments + moments.total()": "moments",
    "moments + data": "moments",
    "moments.total() + moments": "moments",
    "moments.total() - moments": "moments",
    "moments.select(0)": "keys",
    "moments.drop(0)": "keys",
    "moments.check_of(moments)": "data",
    "moments.check_of(t)": "data",
    # losses
    "fl.fisher(data)": "moments",
    "fl.fisher(t)": "moments",
    "fl.fisher(t.force_descriptors, t.forces)": "moments",
    "fl.fisher(list(moments.values()))": "moments",
    "fl.fisher(dict(moments))": "moments",
    "fl.fisher(None)": "moments",
    "fl.fisher(300.0, moments)": "moments",
    "fl.fisher(moments, '300')": "temperature",
    "fl.fisher(moments, [300.0])": "temperature",
    "fl.fisher(moments, data)": "temperature",
    "fl.fisher(moments, -300)": "temperature",
    "fl.fisher(unknown)": "temperature",
    "fl.energy(data)": "moments",
    "fl.energy(t.energies)": "moments",
    "fl.kl(data)": "moments",
    "fl.kl(t.energies, model.energies(t))": "moments",
    "fl.kl(moments, '300')": "temperature",
    "fl.ridge(2, 1e-3)": "K",
    "fl.ridge(1e-3, loss)": "K",
    "fl.ridge('1e-3', 2)": "strength",
    "fl.ridge([1e-3, 1e-2], 2)": "strength",
    "fl.ridge(None, 2)": "strength",
    "fl.ridge(loss, 2)": "strength",
    "fl.ridge(1e-3, 2, scale=np.diag([1.0, 2.0]))": "scale",
    "fl.ridge(1e-3, 2, origin=fit)": "origin",
    "fl.ridge(1e-3, 2, origin=[1.0, 2.0, 3.0])": "origin",
    "fl.Quadratic(loss.b, loss.A, loss.s)": "b",
    "fl.Quadratic(loss, loss.b, loss.s)": "A",
    "fl.Quadratic(loss.A, loss.b, 'a')": "s",
    "fl.Quadratic(loss.A[:1], loss.b, 0.0)": "A",
    "loss(fit)": "theta",
    "loss(model)": "theta",
    "loss([1.0, 2.0, 3.0])": "theta",
    "loss(1.0)": "theta",
    "loss + fit": "losses",
    "loss + 1e-3": "losses",
    "loss + None": "losses",
    "moments * loss": "weight",
    "'2' * loss": "weight",
    "loss.restrict(fit, [theta, theta])": "origin",
    "loss.restrict(theta, 1.0)": "directions",
    # solutions
    "fl.solve(moments)": "quadratic",
    "fl.solve(data)": "quadratic",
    "fl.solve(loss.A)": "quadratic",
    "fl.solve(None)": "quadratic",
    "fl.solve(loss, tolerance='small')": "tolerance",
    "fl.solve(loss, tolerance=[1e-3])": "tolerance",
    "fl.refine(theta, loss, fl.fisher_residual(data))": "solution",
    "fl.refine(loss, fit, fl.fisher_residual(data))": "solution",
    "fl.refine(fit, moments, fl.fisher_residual(data))": "loss",
    "fl.refine(fit, loss, data)": "residual",
    "fl.refine(fit, loss, fl.fisher_residual(data)(theta))": "residual",
    "fl.refine(fit, loss, fl.fisher_residual(data), passes='2')": "passes",
    "fl.refine(fit, loss, fl.fisher_residual(data), passes=1.5)": "passes",
    "fl.fisher_residual(moments)": "data",
    "fl.fisher_residual(t)": "data",
    "fl.fisher_residual('md.npz')": "data",
    "fl.fisher_residual(None)": "data",
    "fl.fisher_residual(data, 'cold')": "temperature",
    "fl.fisher_residual(data, penalty=1e-3)": "penalty",
    "fit.check_of(data)": "moments",
    # potentials
    "fl.LinearPotential(theta=fit)": "theta",
    "fl.LinearPotential(theta=1.0)": "theta",
    "fl.LinearPotential(theta=loss.A)": "theta",
    "fl.LinearPotential(theta=theta, offset='a')": "offset",
    "fl.LinearPotential(theta=theta, descriptor_names='ab')": "descriptor_names",
    "fl.LinearPotential(theta=theta, descriptor_names=None)": "descriptor_names",
    "fl.LinearPotential.from_fit(moments, fit)": "fit",
    "fl.LinearPotential.from_fit(theta, moments)": "fit",
    "fl.LinearPotential.from_fit(fit, data)": "moments",
    "fl.LinearPotential.from_fit(fit, None)": "moments",
    "model.energies('md.npz')": "data",
    "model.energies(t.descriptors)": "data",
    "model.energies(moments)": "data",
    "model.forces(t.force_descriptors)": "data",
    "model.forces([t])": "data",
    "model.site_energies(data)": "trajectory",
    "model.check_of(moments)": "data",
    # planes and landscapes
    "fl.Plane(origin=theta, directions=theta)": "directions",
    "fl.Plane(origin=list(theta), directions=[list(theta)] * 2)": "directions",
    "fl.Plane(origin=fit, directions=np.eye(2))": "origin",
    "fl.Plane.through(fit, other)": "points",
    "fl.Plane.through(model, other)": "points",
    "fl.Plane.through(theta, None)": "points",
    "fl.Plane.through(theta, 1.0)": "points",
    "fl.Plane.through(theta, other, metric=moments)": "metric",
    "fl.Plane.through(theta, other, seed='1')": "seed",
    "fl.Plane.eigen(loss, theta)": "loss",
    "fl.Plane.eigen(theta, moments)": "loss",
    "fl.Plane.eigen(fit, loss)": "origin",
    "fl.Plane.eigen(theta, loss, which=1)": "which",
    "fl.Plane.eigen(theta, loss, which=(0, 'stiffest'))": "which",
    "fl.Plane.random(loss, theta, seed=1)": "loss",
    "fl.Plane.random(theta, loss, seed=None)": "seed",
    "fl.Plane.coefficients(theta, moments, 0, 1)": "loss",
    "fl.Plane.coefficients(theta, loss, 0.5, 1)": "coefficients",
    "fl.Plane.coefficients(theta, loss, 'D7', 'D1')": "coefficients",
    "plane.widened('2')": "factor",
    "plane.coordinates(fit)": "theta",
    "plane.coordinates([1.0, 2.0, 3.0])": "theta",
    "plane.axes('11')": "n",
    "plane.axes(2.5)": "n",
    "plane.theta('a', 1.0)": "x",
    "fl.landscape(plane, loss)": "loss",
    "fl.landscape(moments, plane)": "loss",
    "fl.landscape(loss, theta)": "plane",
    "fl.landscape(loss, None)": "plane",
    "fl.landscape(loss, plane, n='41')": "n",
    "fl.project(plane, data)": "data",
    "fl.project(moments, plane)": "data",
    "fl.project(data, theta)": "plane",
    # study and atlas
    "fl.Study(moments)": "data",
    "fl.Study('md.npz')": "data",
    "fl.Study(t)": "data",
    "fl.Study(data, given=theta)": "given",
    "fl.Study(data, given=fit)": "given",
    "fl.Study(data, moments=data)": "moments",
    "fl.Study(data, models=[model])": "models",
    "fl.Study(data, models=model)": "models",
    "fl.Study(data, models={'a': theta})": "models",
    "fl.Study(data, temperature='300')": "temperature",
    "fl.Study(data, seed='a')": "seed",
    "study.with_model(theta)": "model",
    "study.with_model(fit)": "model",
    "study.comparison(model)": "name",
    "study.comparison('nobody')": "name",
    "study.fit(ridge='a')": "ridge",
    "study.held_out(model)": "fit",
    "study.standard_errors(model)": "fit",
    "study.bands('nobody')": "names",
    "fl.Atlas(moments, data, {'a': model})": "data",
    "fl.Atlas(data, data, {'a': model})": "moments",
    "fl.Atlas(data, moments, model)": "models",
    "fl.Atlas(data, moments, {'a': theta})": "models",
    # comparison
    "fl.comparison.ecdf(data)": "values",
    "fl.comparison.ecdf('md.npz')": "values",
    "fl.comparison.ecdf(None)": "values",
    "fl.comparison.ecdf(1.0)": "values",
    "fl.comparison.ecdf_difference(data, data)": "a",
    "fl.comparison.ks(t.energies, model)": "b",
    "fl.comparison.ks(data, t.energies)": "a",
    "fl.comparison.wasserstein_1(t.energies, None)": "b",
    "fl.comparison.compare(data, model)": "model",
    "fl.comparison.compare(theta, data)": "model",
    "fl.comparison.compare(fit, data)": "model",
    "fl.comparison.compare(model, moments)": "data",
    "fl.comparison.compare(model, t)": "data",
    "fl.comparison.compare(model, [t])": "data",
    "fl.comparison.compare(model, 'md.npz')": "data",
    "fl.comparison.compare_predictions(model, data, data, name='a')": "energies",
    "fl.comparison.compare_predictions(data, model.energies(data), model.forces(data), name='a')": "data",
    "fl.comparison.compare_predictions(model.energies(data), model.forces(data), moments, name='a')": "data",
    "fl.comparison.force_histogram(data, model)": "true",
    "fl.comparison.force_histogram(t.forces, t.forces, bins='many')": "bins",
    "fl.comparison.of_one_dataset(compared)": "comparisons",
    "fl.comparison.of_one_dataset([])": "comparisons",
    "fl.comparison.of_one_dataset([model])": "comparisons",
    "fl.comparison.sampling_noise(data)": "comparison",
    # reweighting
    "fl.reweighting.log_weights(data, model, 300.0)": "energies",
    "fl.reweighting.log_weights(300.0, t.energies, t.energies)": "energies",
    "fl.reweighting.log_weights(t.energies, t.energies, '300')": "temperature",
    "fl.reweighting.log_weights(t.energies, t.energies, None)": "temperature",
    "fl.reweighting.mean(data, t.energies)": "values",
    "fl.reweighting.mean(t.energies, None)": "log_weights",
    "fl.reweighting.effective_sample_size(data)": "log_weights",
    "fl.reweighting.effective_sample_size(1.0)": "log_weights",
    "fl.reweighting.pareto_k(model)": "log_weights",
    "fl.reweighting.free_energy_difference(data, model, 300.0)": "energies",
    "fl.reweighting.free_energy_difference(t.energies, t.energies, 'hot')": "temperature",
    "fl.reweighting.free_energy_difference(t.energies, t.energies, 300.0, trajectory='a')": "trajectory",
    "fl.reweighting.free_energy_difference(t.energies, t.energies, 300.0, n_atoms='a')": "n_atoms",
    "fl.reweighting.mbar(data, [1])": "reduced_energies",
    "fl.reweighting.mbar(np.zeros((2, 4)), 4)": "counts",
    "fl.reweighting.mbar(np.zeros((2, 4)), None)": "counts",
    # validation and profiles
    "fl.validation.cross_validate(moments, data, fl.regression.fisher_fit)": "data",
    "fl.validation.cross_validate(data, data, fl.regression.fisher_fit)": "moments",
    "fl.validation.cross_validate(data, moments.total(), fl.regression.fisher_fit)": "moments",
    "fl.validation.cross_validate(data, moments, model)": "fit",
    "fl.validation.cross_validate(data, moments, 'fisher')": "fit",
    "fl.validation.cross_validate(data, moments, lambda m: fl.solve(fl.fisher(m)))": "fit",
    "fl.validation.cross_validate(data, moments, fl.regression.fisher_fit, folds='5')": "folds",
    "fl.validation.cross_validate(data, moments, fl.regression.fisher_fit, of=moments)": "of",
    "fl.validation.split(data.blocks, 3)": "keys",
    "fl.validation.split('abc', 2)": "keys",
    "fl.validation.split(tuple(data), '3')": "folds",
    "fl.validation.held_out_errors(data, [1e-3])": "moments",
    "fl.validation.held_out_errors(moments, '1e-3')": "strengths",
    "fl.validation.leave_one_trajectory_out(data, [1e-3])": "moments",
    "fl.validation.leave_one_trajectory_out(moments, 1e-3)": "strengths",
    "fl.validation.choose_strength(data)": "moments",
    "fl.validation.choose_strength(moments.total())": "moments",
    "fl.validation.choose_strength(moments, 1e-3)": "strengths",
    "fl.profiles.straight(fit, other)": "start",
    "fl.profiles.straight(theta, None)": "end",
    "fl.profiles.profile(moments, data, [theta])": "data",
    "fl.profiles.profile(data, data, [theta])": "moments",
    "fl.profiles.profile(data, moments, fit)": "thetas",
    # uncertainty
    "fl.uncertainty.sandwich(data, fit)": "moments",
    "fl.uncertainty.sandwich(fit, moments)": "moments",
    "fl.uncertainty.sandwich(moments, theta)": "fit",
    "fl.uncertainty.sandwich(moments, model)": "fit",
    "fl.uncertainty.sandwich(moments, fit, ridge='a')": "ridge",
    "fl.uncertainty.jackknife(data, fl.regression.fisher_fit)": "moments",
    "fl.uncertainty.jackknife(moments, model)": "fit",
    "fl.uncertainty.jackknife(moments, fl.regression.fisher_fit)": "fit",
    "fl.uncertainty.leave_one_out(moments, len)": "data",
    "fl.uncertainty.leave_one_out(data, 'mean')": "statistic",
    "fl.uncertainty.covariance(moments)": "replicates",
    "fl.uncertainty.covariance(1.0)": "replicates",
    "fl.uncertainty.standard_error(data)": "replicates",
    "fl.uncertainty.standard_error(None)": "replicates",
    "fl.uncertainty.ecdf_band(moments)": "data",
    "fl.uncertainty.ecdf_band(t)": "data",
    "fl.uncertainty.ecdf_band(data, theta)": "model",
    "fl.uncertainty.ecdf_band(data, model, [theta] * 12)": "refits",
    "fl.uncertainty.ecdf_band(data, points='many')": "points",
    "fl.uncertainty.independent_blocks(moments, theta)": "data",
    "fl.uncertainty.independent_blocks(data, model)": "theta",
    "fl.uncertainty.independent_blocks(data, fit)": "theta",
    "fl.uncertainty.independent_blocks(data, theta, moments=data)": "moments",
    "fl.uncertainty.interval(theta, theta, clusters='12')": "clusters",
    "fl.uncertainty.interval(theta, 1.0, clusters=12, level='95')": "level",
    "fl.uncertainty.interval(fit, 1.0, clusters=12)": "estimate",
    "fl.uncertainty.scores(moments, theta)": "data",
    "fl.uncertainty.scores(data, fit)": "theta",
    "fl.uncertainty.model_form(moments, data, fit)": "data",
    "fl.uncertainty.model_form(data, moments, theta)": "fit",
    "fl.uncertainty.model_form(data, data, fit)": "moments",
    "fl.uncertainty.energy_errors(moments, loss.A, moments)": "data",
    "fl.uncertainty.energy_errors(data, loss, moments)": "covariance",
    "fl.uncertainty.energy_errors(data, loss.A, data)": "moments",
    "fl.uncertainty.energy_gradients(data, t.descriptors, n_atoms=t.n_atoms)": "moments",
    "fl.uncertainty.energy_gradients(moments, data, n_atoms=t.n_atoms)": "descriptors",
    "fl.uncertainty.prediction_rigidity(data, t.descriptors, n_atoms=t.n_atoms)": "moments",
    "fl.uncertainty.prediction_rigidity(moments, t, n_atoms=t.n_atoms)": "descriptors",
    # diagnostics and trust
    "fl.diagnostics.check(moments)": "data",
    "fl.diagnostics.check('md.npz')": "data",
    "fl.diagnostics.check(data, '300')": "temperature",
    "fl.diagnostics.check(data, theta=fit)": "theta",
    "fl.diagnostics.consistency(moments)": "data",
    "fl.diagnostics.consistency(data, theta=fit)": "theta",
    "fl.diagnostics.consistency(data, moments=data)": "moments",
    "fl.diagnostics.health(moments)": "data",
    "fl.diagnostics.health(data, theta='a')": "theta",
    "fl.diagnostics.sample(moments)": "data",
    "fl.diagnostics.sample(data, 'hot')": "temperature",
    "fl.diagnostics.ensemble(data, 300.0)": "energies",
    "fl.diagnostics.ensemble(t.energies, 'four')": "n_atoms",
    "fl.diagnostics.ensemble(t.energies, t.n_atoms, 'hot')": "temperature",
    "fl.diagnostics.facts(moments)": "data",
    "fl.diagnostics.facts(t)": "data",
    "fl.diagnostics.without_copies(moments)": "data",
    "fl.diagnostics.without_copies([t])": "data",
    "fl.diagnostics.leverage(moments, data)": "data",
    "fl.diagnostics.leverage(data, loss)": "moments",
    "fl.diagnostics.null_directions(data)": "moments",
    "fl.diagnostics.null_directions(loss)": "moments",
    "fl.diagnostics.temperature_dependence(data, theta, 300.0)": "moments",
    "fl.diagnostics.temperature_dependence(moments, fit, 300.0)": "theta",
    "fl.diagnostics.temperature_dependence(moments, theta, 'hot')": "temperature",
    "fl.diagnostics.metastability(data)": "moments",
    "fl.diagnostics.metastability(moments, 'hot')": "temperature",
    "fl.diagnostics.signs_of_moments(data)": "moments",
    "fl.diagnostics.short_runs(moments)": "data",
    "fl.diagnostics.single_run(moments)": "data",
    "fl.diagnostics.autocorrelation_time(data)": "series",
    "fl.diagnostics.autocorrelation_time(1.0)": "series",
    "fl.diagnostics.canonical_ratio(data, 4, 300.0)": "energies",
    "fl.diagnostics.canonical_ratio(t.energies, t.n_atoms, 'hot')": "temperature",
    "fl.diagnostics.configurational_temperature(data, data)": "squared_forces",
    "fl.diagnostics.drift(moments)": "data",
    "fl.diagnostics.virial_temperature(moments)": "data",
    "fl.trust.verdicts(moments)": "data",
    "fl.trust.verdicts('md.npz')": "data",
    "fl.trust.verdicts(data, model=theta)": "model",
    "fl.trust.verdicts(data, moments=data)": "moments",
    "fl.trust.verdicts(data, theta=fit)": "theta",
    # regression
    "fl.regression.fisher_fit(data)": "moments",
    "fl.regression.fisher_fit(moments, temperature='300')": "temperature",
    "fl.regression.energy_fit(data)": "moments",
    "fl.regression.energy_fit(moments, strength='a')": "strength",
    "fl.regression.kl_path(data, [1.0])": "moments",
    "fl.regression.kl_path(moments, '1')": "weights",
    "fl.regression.force_rmse(data, theta)": "moments",
    "fl.regression.force_rmse(theta, moments)": "moments",
    "fl.regression.force_rmse(moments, fit)": "theta",
    "fl.regression.force_rmse(moments, model)": "theta",
    "fl.regression.ridge_path(data, [1e-3])": "moments",
    "fl.regression.ridge_path(moments, 1e-3)": "strengths",
    "fl.regression.ridge_path(moments, None)": "strengths",
    "fl.regression.ridge_path([1e-3], moments)": "moments",
    "fl.regression.normal_equations(data)": "moments",
    "fl.regression.row_weights(data)": "moments",
    "fl.regression.row_weights(moments, temperature='300')": "temperature",
    "fl.regression.RidgePath.of(moments, [1e-3], rows=10)": "normal",
    "path_of_ridge.theta('a')": "strength",
    "path_of_ridge.theta([1e-3, 1e-2])": "strength",
    "fl.regression.gcv(moments)": "path",
    "fl.regression.gcv(data)": "path",
    "fl.regression.evidence(moments)": "path",
    "fl.regression.Terms.of(data)": "moments",
    "terms.weighted(ridge='a')": "ridge",
    "terms.weighted(kl='1')": "kl",
    "terms.weighted(energy=None)": "energy",
    "fl.regression.Terms(fisher=moments, kl=moments, energy=moments)": "fisher",
    # systems and units
    "fl.systems.harmonic(2.0)": "theta",
    "fl.systems.harmonic('ab')": "theta",
    "fl.systems.harmonic([1.0, -2.0])": "theta",
    "fl.systems.harmonic([1.0], n_atoms='4')": "n_atoms",
    "fl.systems.harmonic([1.0], trajectories=0)": "trajectories",
    "fl.systems.harmonic([1.0], configurations=2.5)": "configurations",
    "fl.systems.harmonic([1.0], seed='a')": "seed",
    "fl.systems.harmonic([1.0], temperature='300')": "temperature",
    "fl.systems.double_well('high')": "barrier",
    "fl.systems.double_well([0.1])": "barrier",
    "fl.systems.double_well(0.1, odd='no')": "odd",
    "fl.systems.double_well(0.1, configurations='a')": "configurations",
    "fl.units.beta('300')": "temperature",
    "fl.units.beta([300.0])": "temperature",
    "fl.units.beta(None)": "temperature",
    # files
    "fl.io.read(data)": "path",
    "fl.io.read(None)": "path",
    "fl.io.read([1, 2])": "path",
    "fl.io.read(file, temperature='300')": "temperature",
    "fl.io.read(file, descriptor='soap')": "descriptor",
    "fl.io.read(file, gradient='no')": "gradient",
    "fl.io.read(file, theta=fit)": "theta",
    "fl.io.open(data)": "path",
    "fl.io.open(None)": "path",
    "fl.io.read_frames(data)": "path",
    "fl.io.write('md.npz', data)": "data",
    "fl.io.write(moments, 'md.npz')": "data",
    "fl.io.write([t], 'md.npz')": "data",
    "fl.io.write(data, None)": "path",
    "fl.io.write(data, data)": "path",
    "fl.io.write_frames(data, 'md.npz')": "frames",
    "fl.io.read_theta(model)": "path",
    "fl.io.read_theta(None)": "path",
    "fl.io.write_theta(fit, 'theta.json')": "model",
    "fl.io.write_theta(theta, 'theta.json')": "model",
    "fl.io.write_theta('theta.json', model)": "model",
    "fl.io.write_theta(model, None)": "path",
    "fl.io.write_moments(data, 'moments.npz')": "moments",
    "fl.io.write_moments(moments.total(), 'moments.npz')": "moments",
    "fl.io.write_moments('moments.npz', moments)": "moments",
    "fl.io.read_moments(moments)": "path",
    "fl.io.read_moments(None)": "path",
    "fl.io.read_snapcoeff(model)": "path",
    "fl.io.write_snapcoeff(theta, 'a.snapcoeff', element='Cu', radius=0.5, weight=1.0)": "model",
    "fl.io.find(data)": "path",
    "fl.io.fetch(None)": "name",
    "fl.io.zuo2020(['Cu'])": "element",
    "fl.io.data_files(data)": "folder",
    "fl.io.theta_files(model)": "folder",
    "fl.io.sha256(None)": "path",
    "fl.io.database.Database.open(None)": "database",
    # descriptors, clusters
    "fl.descriptors.Soap(cutoff='5')": "cutoff",
    "fl.descriptors.Soap(n_max=6.5)": "n_max",
    "fl.descriptors.Soap()(data, species=[29])": "atoms",
    "fl.descriptors.Soap()('md.xyz', species=[29])": "atoms",
    "fl.cluster.accumulate(data)": "database",
    "fl.cluster.accumulate(None)": "database",
    "fl.cluster.featurise(None)": "configurations",
    "fl.cluster.featurise(data)": "configurations",
    "fl.cluster.featurise('data/cu55_1200K.npz', descriptor='soap')": "descriptor",
    "fl.cluster.featurise('data/cu55_1200K.npz', workers='2')": "workers",
    "fl.cluster.featurise('data/cu55_1200K.npz', into=3)": "into",
    "fl.descriptors.Default(cutoff='5')": "cutoff",
    "fl.descriptors.or_default('soap')": "descriptor",
    "fl.descriptors.or_default(fl.descriptors.Soap)": "descriptor",
    "fl.descriptors.from_text(None)": "descriptor",
    "fl.descriptors.from_text('colour=3')": "descriptor",
    "fl.cluster.merge(moments)": "paths",
    "fl.cluster.merge(None)": "paths",
    "fl.cluster.write_part(data, 1, 2, 'part.npz')": "database",
    "fl.cluster.write_part('nowhere', '1', 2, 'part.npz')": "number",
    "fl.cluster.Rows(data)": "database",
    # networks
    "fl.training.train(moments)": "data",
    "fl.training.train('md.npz')": "data",
    "fl.training.train(data, hidden=12)": "hidden",
    "fl.training.train(data, hidden=('12',))": "hidden",
    "fl.training.train(data, seed='a')": "seed",
    # figures and tables
    "fl.figures.parity(compared)": "comparisons",
    "fl.figures.parity([])": "comparisons",
    "fl.figures.parity([model])": "comparisons",
    "fl.figures.residuals(compared)": "comparisons",
    "fl.figures.errors_by_trajectory([data])": "comparisons",
    "fl.figures.force_parity(data, name='a', force_rmse=1.0)": "histogram",
    "fl.figures.strengths(moments)": "choice",
    "fl.figures.energies(moments)": "data",
    "fl.figures.energies(t.energies)": "data",
    "fl.figures.cdfs(t.energies)": "samples",
    "fl.figures.cdfs([t.energies])": "samples",
    "fl.figures.cdfs({'true': data})": "values",
    "fl.figures.site_energy_cdfs(t.energies, title='a')": "samples",
    "fl.figures.fit(theta, fit.eigenvalues, {}, names=['a', 'b'], rank=2, condition=1.0)": "thetas",
    "fl.figures.coefficients(theta, names=['a', 'b'])": "thetas",
    "fl.figures.coefficients(fit, names=['a', 'b'])": "thetas",
    "fl.figures.coefficients({'a': theta}, names=['a'])": "names",
    "fl.figures.spectrum(fit, rank=2)": "eigenvalues",
    "fl.figures.landscape(loss)": "surface",
    "fl.figures.landscape(surface.z)": "surface",
    "fl.figures.landscape(surface, points=theta)": "points",
    "fl.figures.landscapes(surface, ['a'])": "surfaces",
    "fl.figures.profile([0.0, 1.0], moments, title='a', label='b')": "found",
    "fl.figures.trade_off(moments.total())": "profiles",
    "fl.figures.free_energies([1.0], n_atoms=4)": "differences",
    "fl.figures.weights(t.energies)": "log_weights",
    "fl.figures.calibration(t.energies, t.energies, unit='eV')": "bars",
    "fl.figures.metastability(moments)": "found",
    "fl.figures.styled(None, title='a', height=3)": "figure",
    "fl.tables.facts(data.summary)": "values",
    "fl.tables.trajectories(moments)": "data",
    "fl.tables.card(data)": "verdicts",
    "fl.tables.errors(compared)": "comparisons",
    "fl.tables.distances(compared)": "comparisons",
    "fl.tables.groups([compared])": "comparison_train",
}


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the slips are made with."""
    file = tmp_path_factory.mktemp("right") / "md.npz"
    data = fl.systems.harmonic([1.0, 2.0], trajectories=12, configurations=10, seed=3)
    moments, t = fl.accumulate(data), data["harmonic-0"]
    atoms = {
        "species": np.ones(40),
        "positions": np.zeros((40, 3)),
        "site_descriptors": np.repeat(t.descriptors / 4, 4, 0),
    }
    fl.io.write(fl.Dataset([dataclasses.replace(t, **atoms)]), file)
    loss = fl.fisher(moments)
    fit = fl.solve(loss)
    model = fl.LinearPotential.from_fit(fit, moments)
    arrays = ("n_atoms", "energies", "descriptors", "forces", "force_descriptors")
    plane = fl.Plane.through(fit.theta, [2.0, 1.0])
    return {
        "fl": fl,
        "np": np,
        "Path": Path,
        "data": data,
        "t": t,
        "arrays": {name: getattr(t, name) for name in arrays},
        "moments": moments,
        "unknown": fl.accumulate([fl.Trajectory(key="a", **{name: getattr(t, name) for name in arrays})]),
        "loss": loss,
        "fit": fit,
        "theta": fit.theta,
        "other": np.array([2.0, 1.0]),
        "model": model,
        "plane": plane,
        "surface": fl.landscape(loss, plane, n=5),
        "compared": fl.comparison.compare(model, data),
        "study": fl.Study(data),
        "terms": fl.regression.Terms.of(moments),
        "path_of_ridge": fl.regression.ridge_path(moments, [1e-3, 1e-2]),
        "frame": pd.DataFrame({"energy": t.energies}),
        "file": file,
    }


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_answered_in_our_words(
    slip: str, names: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises((TypeError, ValueError)) as caught:
        eval(slip, dict(names))
    sentence = str(caught.value)
    assert re.search(rf"\b{SLIPS[slip]}\b[^:]*: .*expected .*got ", sentence, re.DOTALL), sentence
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert ROOT in Path(last.filename).parents, f"{last.filename}: {sentence}"
    assert not list(tmp_path.iterdir())


#: Rooms of the face whose functions and classes are public.
ROOMS = (
    *(
        "comparison",
        "reweighting",
        "validation",
        "uncertainty",
        "diagnostics",
        "regression",
        "systems",
        "io",
        "figures",
    ),
    *("trust", "cluster", "descriptors", "profiles", "training", "tables"),
)

#: What has no argument to get wrong, or is made by a function of its room and not by hand.
MADE_ELSEWHERE = {
    "fl.Landscape",
    "fl.Solution",
    "fl.comparison.Comparison",
    "fl.comparison.Histogram",
    "fl.reweighting.FreeEnergyDifference",
    "fl.reweighting.Mbar",
    "fl.validation.RidgeChoice",
    "fl.uncertainty.Blocks",
    "fl.uncertainty.ModelForm",
    "fl.diagnostics.Metastability",
    "fl.diagnostics.Verdict",
    "fl.descriptors.Descriptor",
    "fl.descriptors.Limit",
    "fl.descriptors.StrainDescriptor",
    "fl.descriptors.in_words",
    "fl.descriptors.size_parameters",
    "fl.io.Choice",
    "fl.io.Column",
    "fl.io.Frames",
    "fl.io.Opened",
    "fl.io.printable",
    "fl.io.versions",
    "fl.profiles.Curve",
    "fl.profiles.Profile",
    "fl.tables.Card",
    "fl.tables.Column",
    "fl.tables.Table",
    "fl.tables.columns",
}


def public() -> set[str]:
    """Every function and class of the face, as it is written."""
    found = {f"fl.{name}" for name in dir(fl) if callable(getattr(fl, name)) and not name.startswith("_")}
    for room in ROOMS:
        for name, value in vars(getattr(fl, room)).items():
            home = getattr(value, "__module__", "") or ""
            inside = home.startswith(getattr(fl, room).__name__)
            if callable(value) and inside and not name.startswith("_"):
                found.add(f"fl.{room}.{name}")
    return found


def test_every_public_function_has_its_slip() -> None:
    tried = " ".join(SLIPS)
    missing = {name for name in public() - MADE_ELSEWHERE if not re.search(rf"{re.escape(name)}\b", tried)}
    assert not missing, f"write a slip for each of {sorted(missing)}"


#: Where a temperature is taken.
THERMOMETERS = (
    "fl.units.beta(T)",
    "dataclasses.replace(t, temperature=T)",
    "fl.fisher(moments, T)",
    "fl.kl(moments, temperature=T)",
    "fl.fisher_residual(data, T)",
    "fl.regression.fisher_fit(moments, temperature=T)",
    "fl.regression.kl_path(moments, [1.0], temperature=T)",
    "fl.regression.ridge_path(moments, [1e-3], temperature=T)",
    "fl.regression.row_weights(moments, temperature=T)",
    "fl.regression.normal_equations(moments, temperature=T)",
    "fl.regression.Terms.of(moments, T)",
    "fl.systems.harmonic([1.0], temperature=T)",
    "fl.systems.double_well(0.1, temperature=T)",
    "fl.reweighting.log_weights(t.energies, t.energies, T)",
    "fl.reweighting.log_weights(t.energies, t.energies, 300.0, sampled_temperature=T)",
    "fl.reweighting.free_energy_difference(t.energies, t.energies, T)",
    "fl.validation.choose_strength(moments, temperature=T)",
    "fl.validation.held_out_errors(moments, [1e-3], temperature=T)",
    "fl.validation.leave_one_trajectory_out(moments, [1e-3], temperature=T)",
    "fl.validation.cross_validate(data, moments, fl.regression.fisher_fit, temperature=T)",
    "fl.profiles.profile(data, moments, [theta], temperature=T)",
    "fl.uncertainty.sandwich(moments, fit, temperature=T)",
    "fl.uncertainty.independent_blocks(data, theta, temperature=T)",
    "fl.uncertainty.model_form(data, moments, fit, temperature=T)",
    "fl.uncertainty.prediction_rigidity(moments, t.descriptors, n_atoms=t.n_atoms, temperature=T)",
    "fl.diagnostics.check(data, T)",
    "fl.diagnostics.health(data, temperature=T)",
    "fl.diagnostics.consistency(data, temperature=T)",
    "fl.diagnostics.sample(data, T)",
    "fl.diagnostics.ensemble(t.energies, t.n_atoms, T)",
    "fl.diagnostics.leverage(data, moments, temperature=T)",
    "fl.diagnostics.null_directions(moments, temperature=T)",
    "fl.diagnostics.temperature_dependence(moments, theta, T)",
    "fl.diagnostics.metastability(moments, T)",
    "fl.diagnostics.canonical_ratio(t.energies, t.n_atoms, T)",
    "fl.trust.verdicts(data, temperature=T)",
    "fl.Study(data, temperature=T)",
    "fl.Atlas(data, moments, study.models, temperature=T)",
    "moments.check_of(data, T)",
    "fl.io.read(file, temperature=T)",
    "fl.io.open(file).dataset(temperature=T)",
)


@pytest.mark.parametrize("T", [1e-300, 1e300])
@pytest.mark.parametrize("thermometer", THERMOMETERS)
def test_a_temperature_that_nothing_has_is_refused_in_one_sentence(
    thermometer: str, T: float, names: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=rf"temperature.*: expected 0\.001 to 1e\+07 K, got {re.escape(repr(T))}"):
        eval(thermometer, {**names, "T": T, "dataclasses": dataclasses})


#: Calls with nothing but what must be given.
BARE = (
    "fl.validation.cross_validate(data, moments, fl.regression.fisher_fit)",
    "fl.validation.split(tuple(data))",
    "fl.validation.choose_strength(moments)",
    "fl.uncertainty.ecdf_band(data)",
    "fl.uncertainty.independent_blocks(data, theta)",
    "fl.uncertainty.model_form(data, moments, fit)",
    "fl.comparison.force_histogram(data.forces, model.forces(data))",
    "fl.diagnostics.check(data)",
    "fl.diagnostics.metastability(moments).words()",
    "fl.diagnostics.leverage(data, moments)",
    "fl.reweighting.pareto_k(data.energies)",
    "fl.trust.verdicts(data)",
    "fl.Study(data).held_out(fl.regression.fisher_fit)",
    "fl.Study(data).held_out_energies()",
    "fl.Study(data).bands('θ_f')",
    "fl.Plane.eigen(theta, loss)",
    "fl.training.train(data, iterations=2)",
)


@pytest.mark.parametrize("trajectories", [1, 2, 4])
@pytest.mark.parametrize("configurations", [1, 3])
@pytest.mark.parametrize("K", [1, 2])
@pytest.mark.parametrize("call", BARE)
def test_no_default_contradicts_the_data(call: str, K: int, configurations: int, trajectories: int) -> None:
    data = noisy(K, configurations, trajectories)
    moments = fl.accumulate(data)
    loss = fl.fisher(moments)
    fit = fl.solve(loss)
    model = fl.LinearPotential.from_fit(fit, moments)
    given = {"data": data, "moments": moments, "loss": loss, "fit": fit, "theta": fit.theta, "model": model}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            eval(call, {"fl": fl, **given})
        except ValueError as error:
            assert re.match(r"(data|moments|keys|origin|loss|energies|fit)\b[^:]*: expected ", str(error)), error


def noisy(K: int, configurations: int, trajectories: int) -> fl.Dataset:
    """Oscillators with noise in their forces and energies, so that no fit is exact."""
    rng = np.random.default_rng(5)
    springs = np.arange(1.0, K + 1)
    data = fl.systems.harmonic(springs, trajectories=trajectories, configurations=configurations, seed=1)
    return fl.Dataset(
        dataclasses.replace(
            t,
            energies=t.energies + 0.01 * rng.normal(size=len(t)),
            forces=t.forces + 0.05 * rng.normal(size=len(t.forces)),
        )
        for t in data.values()
    )
