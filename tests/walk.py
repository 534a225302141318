"""A walk through the pages of the dashboard and the panels of notebooks: every selector, by its label."""

from pathlib import Path

from explorer import Explorer

LOSSES = (
    "energy (½ squared error)",
    "KL, second order",
    "force MAE",
    "force Huber",
    "force log-cosh",
    "energy MAE",
    "KS of energies",
    "W1 of energies",
    "Fisher divergence",
)
LOADED = "(gd._fullLayout.title.text || '').includes('Energies by trajectory')"
#: What is computed for a file without descriptors.
DEFAULT, GMP = "the default for these elements", "gmp – Gaussian multipole order norms"
#: What the figure of each page says of itself.
PAGES = {
    "Load": LOADED,
    "Fit": "(gd._fullLayout.title.text || '').includes('The fit')",
    "Compare": "(gd._fullLayout.title.text || '').includes('Distribution of energies')",
    "Landscape": "gd._fullData[0].type === 'surface'",
}


def load(e: Explorer, *, good: Path, bad: Path, raw: Path, huge: Path) -> None:
    """Columns, temperature, θ; a good file of 60 MB and a bad one; long work that is cancelled."""
    e.until(LOADED)
    e.panel.get_by_text("checks passed").wait_for()
    e.choose("θ to compare with", "none")
    e.quiet()
    e.choose("θ to compare with", "data/theta_energy.json")
    e.quiet()
    e.fill("Temperature, K", "1100")
    e.panel.get_by_text("at 1100 K").first.wait_for(state="attached")  # among the checks passed, which are folded
    e.fill("Temperature, K", "warm")
    e.says("expected a number")
    e.fill("Temperature, K", "")
    e.panel.get_by_text("at 1200 K").first.wait_for(state="attached")
    e.choose("Forces", "forces")
    e.choose("Energies", "energies")

    e.choose("Descriptors to compute", GMP)
    for name, value in (("cutoff, Å", "6"), ("n_widths", "7"), ("l_max", "4")):
        e.fill(name, value)
    e.panel.get_by_text("n_widths=7, l_max=4: K = 35 descriptors of 55000 atoms, about").wait_for()
    e.picture("featuriser")
    e.press("Compute")
    e.says("s left")
    e.press("Cancel")
    e.says("Cancelled")
    e.holds("Descriptors to compute", DEFAULT)
    e.panel.get_by_text("SOAP with K = 105 descriptors, computed").wait_for()

    e.upload("Upload data", bad)
    e.says("bad.npz: expected")
    e.upload("Upload data", huge)
    e.says("give its path")
    e.upload("Upload data", good)
    e.panel.get_by_text("7 trajectories").first.wait_for()
    e.quiet()
    e.holds("Force descriptors", "milady-descriptors-forces")
    e.choose("Descriptors", "milady-descriptors")
    e.labelled("force descriptors hold +∂D/∂x").check()
    e.says("energies fall where")  # the sign, in words
    e.labelled("force descriptors hold +∂D/∂x").uncheck()
    e.quiet()

    before = e.labelled("or path of the data").input_value()
    e.fill("or path of the data", str(raw))
    e.says("s left")
    e.press("Cancel")
    e.says("Cancelled")
    e.holds("or path of the data", before)
    e.choose("File", "data/cu55_1200K.npz")
    e.panel.get_by_text("20 trajectories").first.wait_for()
    e.quiet()


def fit(e: Explorer) -> None:
    """Sliders from the keyboard, another reference, and a download."""
    e.title("The fit")
    e.panel.get_by_text("105 of 105", exact=True).wait_for()
    for label in ("Ridge strength", "KL weight, 1/Å²", "Energy weight, 1/(eV² Å²)"):
        before = e.value("gd._fullData.map(t => [...t.y].join()).join()")
        e.nudge(label, ["End"])
        e.until(f"gd._fullData.map(t => [...t.y].join()).join() !== {before!r}")
        e.nudge(label, ["Home"])
    e.nudge("KL weight, 1/Å²", ["End", *["ArrowLeft"] * 8])
    e.choose("Compare with", "Fisher + KL")
    e.until("gd._fullData.some(t => t.name.startsWith('Fisher + KL'))")
    e.fill("Name", "mixed")
    e.until("gd._fullData.some(t => t.name.startsWith('mixed'))")
    for button, suffix in (("Save JSON", "json"), ("Save coef/intercept (npz)", "npz")):
        e.press(button)
        link = e.panel.locator(f"a[download$='.{suffix}']")
        link.wait_for()
        with e.page.expect_download() as download:
            link.click()
        assert download.value.suggested_filename.startswith("theta_mixed")


def compare(e: Explorer) -> None:
    """Every picture, a trajectory, site energies, a saved θ."""
    e.title("Distribution of energies")
    for view, words in (
        ("energy parity", "parity"),
        ("energy residuals", "esidual"),
        ("force parity (first model)", "orce"),
        ("errors by trajectory", "rrors"),
        ("energies against forces, held out", "cost"),
        ("distribution", "Distribution"),
    ):
        e.choose("View", view)
        e.title(words)
    for name in ("θ_f", "Fisher + KL", "θ_f + 10 kl"):
        e.labelled(name).uncheck()
    e.until("!gd._fullData.some(t => (t.name || '').startsWith('θ_f'))")
    e.choose("Trajectory", "walker-03")
    e.title(", 1200 K, walker-03")
    e.choose("Quantity", "site energies of one configuration")
    e.title(", walker-03, configuration 0")
    e.fill("Configuration", "7")
    e.title("configuration 7")
    e.choose("Quantity", "total energy")
    e.title(
        "Distribution of energies of θ (given), cu55_1200K, 1200 K, walker-03"
    )  # before that, the selectors are on their way to the page
    e.choose("Add saved θ", "data/theta_energy.json")
    e.until("gd._fullData.some(t => (t.name || '').startsWith('theta_energy'))")


def landscape(e: Explorer) -> None:
    """Every loss and plane, a turned camera that stays, cross-sections through a clicked point."""
    e.surface("Fisher divergence")
    for loss in LOSSES:
        e.choose("Loss", loss)
        e.surface(loss)
    e.turned_by_mouse()
    e.choose("Loss", "force MAE")
    e.surface("force MAE")
    turned = e.eye()  # now: the first redraw also ends the glide of the camera
    for plane, axis in (
        ("through three models", "θ_f → Fisher + KL"),
        ("softest and stiffest", "stiffest"),
        ("two coefficients", "Cu"),
        ("random", "random direction 2"),
        ("through another model", "random direction (seed"),
    ):
        e.choose("Plane", plane)
        e.until(f"gd._fullLayout.scene.yaxis.title.text.includes({axis!r})")
        if plane == "through three models":
            e.choose("And", "Fisher + KL")
        if plane == "two coefficients":
            last = e.labelled("Second coefficient").locator("option").last.get_attribute("value")
            e.choose("Second coefficient", last)
            e.until(f"gd._fullLayout.scene.yaxis.title.text === {last!r}")
            e.choose(
                "First coefficient", e.labelled("First coefficient").locator("option").nth(2).get_attribute("value")
            )
    e.choose("To", "Fisher + KL")
    e.until("gd._fullLayout.scene.xaxis.title.text === 'θ_f → Fisher + KL'")
    e.fill("Seed", "5")
    e.until("gd._fullLayout.scene.yaxis.title.text.includes('seed 5')")
    wide = e.value("gd._fullData[0].x.at(-1)")
    e.nudge("Half-width", ["ArrowRight"] * 3)
    e.until(f"gd._fullData[0].x.at(-1) > {wide} + 0.2")
    e.nudge("Resolution", ["ArrowRight"])
    e.until("gd._fullData[0].x.length === 81")
    e.labelled("Log colour").check()
    e.until("gd._fullData[1].colorbar.tickmode === 'array'")
    e.labelled("Models and path").uncheck()
    e.until("!gd._fullData.some(t => t.mode === 'markers+text' && t.x.length)")
    e.labelled("Models and path").check()
    e.fill("Cut at y", "0.3")
    e.until("gd._fullData.some(t => (t.name || '').includes('at y = 0.3'))")
    e.click_contour(0.75, 0.25)
    e.until("!gd._fullData.some(t => (t.name || '').includes('at y = 0.3'))")
    assert float(e.labelled("Cut at x").input_value()) > 0.5
    e.choose("Model", "θ (given)")
    e.until("gd._fullLayout.scene.xaxis.title.text.startsWith('θ (given)')")
    assert e.eye() == turned
