"""Which BLAS kernel this process computes with, and which tests are run on every kernel."""

import os

import kernels
import pytest
import scipy.linalg  # noqa: F401 – brings a BLAS of its own
import threadpoolctl


@pytest.mark.skipif(
    os.environ.get("OPENBLAS_CORETYPE") not in kernels.KERNELS, reason="any kernel will do: make kernels asks for four"
)
def test_the_kernel_is_the_one_that_was_asked_for() -> None:
    found = [info for info in threadpoolctl.threadpool_info() if info["internal_api"] == "openblas"]
    assert found and {info["architecture"] for info in found} <= kernels.KERNELS[os.environ["OPENBLAS_CORETYPE"]]


def test_every_test_file_is_numeric_or_named_among_the_others() -> None:
    names = {path.stem.removeprefix("test_") for path in kernels.files()}
    assert {"kernel", "losses", "solvers", "moments", "validation", "ridge", "trust"} <= names
    for name in kernels.OTHERS.split():
        assert list((kernels.ROOT / "tests").glob(f"test_{name}.py")), f"no tests of that name any more: {name}"


def test_a_kernel_that_does_not_run_here_is_named_and_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert kernels.report("Nonsense", []) == 0
    assert capsys.readouterr().out.startswith("Nonsense  NOT TRIED: this processor or this BLAS does not run it (")
