"""cross_validate passes what agrees, and catches what does not: wrong kernels, wrong rules, shapes and dtypes."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import plugrad as pg
from plugrad import ops
from plugrad.backends import current, manager
from plugrad.backends.spec import API, BackendSpec
from plugrad.errors import BackendNotFoundError, DTypeError, ValidationError
from plugrad.testing import Report, Row, cross_validate
from plugrad.testing import cross_validate as function

torch = pytest.importorskip("torch")

W = np.array([0.5, -1.0, 2.0])
Scale = Callable[[ops.Op, float], None]


def h(xp: Any, w: Any) -> Any:
    return xp.sum(xp.exp(w) * w)


@pytest.fixture(autouse=True)
def _default_dtypes_stay() -> Iterator[None]:
    yield
    assert torch.get_default_dtype() is torch.float32
    assert pg.default_dtype() is pg.float64


@pytest.fixture
def module() -> Any:
    """The module, whose name in its package is the function's."""
    import sys

    return sys.modules[function.__module__]


@pytest.fixture
def scale_rule(monkeypatch: pytest.MonkeyPatch) -> Scale:
    """Makes the rule of an operation wrong by a factor, on all backends."""

    def scale(op: ops.Op, factor: float) -> None:
        def wrong(pull: Any) -> Any:
            return lambda *given: pull(*given) * factor

        monkeypatch.setattr(op, "pulls", tuple(map(wrong, op.pulls)))
        for table in current.ACTIVE.values():
            monkeypatch.delitem(table.pulls, op, raising=False)

    return scale


def errors(report: Report) -> dict[str, float]:
    return {row.quantity: row.error for row in report.rows}


# --------------------------------------------------------------------------------------------------------- what agrees


def test_report_of_what_agrees(backend: str) -> None:
    report = cross_validate(h, W, backends=[backend])
    assert report.ok
    assert report.reference == f"torch.autograd {torch.__version__}"
    assert [(row.backend, row.quantity, row.shape, row.dtype) for row in report.rows] == [
        (backend, "value", (), "float64"),
        (backend, "gradient of inputs[0]", (3,), "float64"),
    ]
    assert report.largest == max(row.error for row in report.rows) <= 2


def test_all_backends_that_can_be_used_if_none_is_named() -> None:
    usable = [info.name for info in pg.backends() if info.cause is None]
    assert list(dict.fromkeys(row.backend for row in cross_validate(h, W).rows)) == usable


def test_device_beside_the_backend() -> None:
    assert cross_validate(h, W, backends="numpy:cpu").rows[0].backend == "numpy:cpu"


def test_higher_orders(backend: str) -> None:
    report = cross_validate(lambda xp, w, b: xp.tanh(w * b) * b, W, 0.5, backends=backend, order=3)
    kinds = ("gradient", "derivative 2", "derivative 3")
    assert list(errors(report)) == ["value", *(f"{kind} of inputs[{i}]" for kind in kinds for i in (0, 1))]


def test_order_0_is_the_value_alone() -> None:
    assert list(errors(cross_validate(h, W, order=0))) == ["value"]


def test_derivatives_of_what_is_constant_at_last(backend: str) -> None:
    cross_validate(lambda xp, w: xp.sum(w * 3), W, backends=backend, order=3)
    cross_validate(lambda xp, w: xp.ones_like(w), W, backends=backend, order=2)


def test_input_that_is_not_used_has_gradient_zero(backend: str) -> None:
    report = cross_validate(lambda xp, w, b: xp.exp(w), W, np.eye(2), backends=backend, order=2)
    assert errors(report)["derivative 2 of inputs[1]"] == 0


def test_pytrees_and_integers(backend: str) -> None:
    def f(xp: Any, p: Any, rows: Any) -> Any:
        return {"rows": xp.take(p["w"], rows, axis=0) * p["b"][0], "where": xp.argmax(p["w"])}

    report = cross_validate(f, {"w": np.eye(3), "b": [np.float64(2.0)]}, np.array([2, 0, 2]), backends=backend)
    assert list(errors(report)) == [
        "value['rows']",
        "value['where']",
        "gradient of inputs[0]['b'][0]",
        "gradient of inputs[0]['w']",
    ]


def test_complex(backend: str) -> None:
    cross_validate(lambda xp, z: xp.abs(z) * xp.exp(xp.conj(z)), W + 1j, backends=backend, order=2)


def test_inputs_of_any_kind() -> None:
    x = pg.asarray(W, requires_grad=True)
    want = errors(cross_validate(h, W))
    assert errors(cross_validate(h, x * 1)) == errors(cross_validate(h, torch.tensor(W))) == want
    assert x.grad is None


def test_functions_of_nn_by_one_name() -> None:
    cross_validate(lambda xp, x: xp.nn.cross_entropy(xp.nn.gelu(x), xp.asarray([1, 0])), W.reshape(1, 3)[[0, 0]])


def test_dtype_is_also_the_default_meanwhile(backend: str) -> None:
    report = cross_validate(lambda xp, w: w * xp.ones(3), W, backends=backend, dtype=pg.float32)
    assert {row.dtype for row in report.rows} == {"float32"}
    report = cross_validate(lambda xp, w: w * xp.ones(3), W + 0j, backends=backend, dtype=pg.float32)
    assert {row.dtype for row in report.rows} == {"complex64"}


def test_oracle_runs_under_plugrads_default_dtype() -> None:
    report = cross_validate(lambda xp, n: xp.ones(3) * n / 3, 2)
    assert {row.dtype for row in report.rows} == {"float64"}
    assert report.largest == 0


def test_defaults_come_back_after_an_error() -> None:
    def fails(xp: Any, w: Any) -> Any:
        if xp is not pg:
            raise ZeroDivisionError
        return w

    with pytest.raises(ZeroDivisionError) as caught:
        cross_validate(fails, W, dtype=pg.float32)
    assert caught.value.__notes__ == [f"cross_validate: while torch.autograd {torch.__version__} ran the function"]


def test_runs_as_recorded_whatever_is_around() -> None:
    with pg.no_grad(), torch.no_grad():
        assert cross_validate(h, W).ok
        assert not torch.is_grad_enabled()
    assert pg.grad(lambda x: x * cross_validate(h, W).largest)(1.0).item() <= 2


def test_same_seed_same_cotangents(scale_rule: Scale) -> None:
    scale_rule(ops.EXP, 1 + 1e-9)  # so that there is something to see

    def seen(seed: int) -> dict[str, float]:
        return errors(cross_validate(lambda xp, w: xp.exp(w), W, backends="numpy", seed=seed, check=False))

    assert seen(0) == seen(0) != seen(1)


# ------------------------------------------------------------------------------------------------------ what does not


def test_wrong_rule_is_caught_with_the_table(backend: str, scale_rule: Scale) -> None:
    scale_rule(ops.EXP, 1 + 1e-9)
    report = cross_validate(h, W, backends=backend, check=False)
    assert [row.verdict for row in report.rows] == ["ok", "beyond the bound"]
    assert not report.ok
    with pytest.raises(ValidationError) as caught:
        cross_validate(h, W, backends=backend)
    assert str(report) in str(caught.value)
    with pytest.raises(ValidationError, match="beyond the bound"):
        report.raise_if_failed()


def test_bound_is_the_callers(scale_rule: Scale) -> None:
    scale_rule(ops.EXP, 1 + 1e-9)
    assert cross_validate(h, W, bound=1e9).ok


def test_rule_wrong_at_second_order_alone_is_caught(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def once(xp: Any, ct: Any, y: Any, args: Any, params: Any, edge: Any) -> Any:
        (x,) = args
        return ct * xp.cosh(x.detach() if type(x) is pg.Tensor else x)

    monkeypatch.setattr(ops.SINH, "pulls", (once,))

    def f(xp: Any, w: Any) -> Any:
        return xp.sum(xp.sinh(w))

    assert cross_validate(f, W, backends=backend).ok
    with pytest.raises(ValidationError, match=r"derivative 2 of inputs\[0\] .* beyond the bound"):
        cross_validate(f, W, backends=backend, order=2)


def test_cotangent_sent_to_the_wrong_place_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cotangent of ones would not see it."""
    monkeypatch.setattr(ops.FLIP, "pulls", (lambda xp, ct, *_: ct,))
    with pytest.raises(ValidationError, match="beyond the bound"):
        cross_validate(lambda xp, w: xp.flip(w), W)


def test_wrong_kernel_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(current.table("numpy"), ops.EXP, lambda x: np.exp(x) * (1 + 1e-9))
    report = cross_validate(h, W, backends="numpy", check=False)
    assert [row.ok for row in report.rows] == [False, False]


def test_other_shape_is_caught() -> None:
    report = cross_validate(lambda xp, w: w if xp is pg else w[None], W, backends="numpy", check=False)
    assert report.rows[0].verdict == "shape, not (1, 3)"
    assert report.rows[0].error == np.inf


def test_coarser_dtype_is_caught_and_a_finer_one_is_not() -> None:
    def narrows(xp: Any, w: Any) -> Any:
        return xp.astype(w, xp.float32 if xp is pg else xp.float64)

    report = cross_validate(narrows, W, backends="numpy", check=False)
    assert report.rows[0].verdict == "coarser than float64"

    def widens(xp: Any, w: Any) -> Any:
        return xp.astype(w, xp.float64 if xp is pg else xp.float32)

    assert cross_validate(widens, W, backends="numpy", order=0).ok


def test_other_structure_is_caught() -> None:
    with pytest.raises(ValidationError, match=r"numpy gives \['value'.*and torch.autograd .*\['value\[0\]'"):
        cross_validate(lambda xp, w: w if xp is pg else (w, w), W, backends="numpy")


def test_nan_is_caught() -> None:
    report = cross_validate(lambda xp, w: xp.log(w) if xp is pg else xp.log(abs(w)), W, backends="numpy", check=False)
    assert report.rows[0].error == np.inf


# ------------------------------------------------------------------------------------------------- whose word it is


def test_reference_none_is_numpy(backend: str, scale_rule: Scale) -> None:
    scale_rule(ops.EXP, 2.0)  # wrong for all alike
    report = cross_validate(h, W, backends=backend, reference=None)
    assert report.reference == "plugrad on numpy"


def test_without_torch_it_is_numpy_and_the_report_says_so(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    monkeypatch.setattr(module, "_torch", lambda: pytest.fail("torch was asked"))
    report = cross_validate(h, W, backends="numpy")
    assert report.reference == "plugrad on numpy (torch is not installed)"
    assert "torch is not installed" in str(report)


@pytest.fixture
def broken() -> Iterator[str]:
    manager.register(BackendSpec(name="fails-to-load", api=API, loader="no_such_module:Backend"))
    yield "fails-to-load"
    manager.unregister("fails-to-load")


def test_backend_that_is_only_installed_is_left_out(broken: str) -> None:
    report = cross_validate(h, W)
    assert broken not in {row.backend for row in report.rows}
    assert f"{broken} (broken)" in report.left_out
    assert f"left out: {broken} (broken)" in str(report)


@pytest.mark.numpy
def test_backend_without_the_dtype_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = current.table("numpy").backend
    without = {ours: its for ours, its in backend.dtypes.items() if ours is not pg.float64}
    monkeypatch.setattr(type(backend), "dtypes", property(lambda self: without))
    assert "numpy (has no float64)" in cross_validate(h, W).left_out


# ----------------------------------------------------------------------------------------------------------- the report


def test_text_is_aligned() -> None:
    lines = str(cross_validate(h, W, backends="numpy", reference=None)).splitlines()
    assert lines == [
        "h against plugrad on numpy, errors in eps, bound 100",
        "backend  quantity               shape  dtype    error  verdict",
        "numpy    value                  ()     float64  0      ok",
        "numpy    gradient of inputs[0]  (3,)   float64  0      ok",
    ]


def test_rich_prints_it_in_colour(scale_rule: Scale) -> None:
    scale_rule(ops.EXP, 2.0)
    report = cross_validate(h, W, backends="numpy", check=False)
    out = io.StringIO()
    Console(file=out, force_terminal=True, width=100, color_system="standard").print(report)
    text = out.getvalue()
    assert "gradient of inputs[0]" in text
    assert "\x1b[32mok" in text
    assert "\x1b[31mbeyond the bound" in text


def disagreeing() -> Report:
    return cross_validate(lambda xp, w: w[1:] if xp is pg else w * 2, W, backends="numpy", check=False)


def test_json_has_all_of_it() -> None:
    report = cross_validate(h, W, backends="numpy", reference=None, order=2, seed=7)
    found = json.loads(report.to_json())
    rows = [Row(**{**row, "shape": tuple(row["shape"])}) for row in found.pop("rows")]
    assert tuple(rows) == report.rows
    assert found == {
        "schema": 1,
        "ok": True,
        "largest": 0.0,
        "function": "h",
        "reference": "plugrad on numpy",
        "bound": 100.0,
        "left_out": [],
        "inputs": ["inputs[0]: float64 (3,)"],
        "order": 2,
        "seed": 7,
        "versions": {"plugrad": pg.__version__, "numpy": np.__version__},
    }


def test_json_of_what_is_not_finite() -> None:
    found = json.loads(disagreeing().to_json(), parse_constant=pytest.fail)
    assert (found["ok"], found["largest"], found["rows"][0]["error"]) == (False, "inf", "inf")


class Page(HTMLParser):
    """The words of each cell, the tags, and what is opened but not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[list[str]] = []
        self.tags: list[str] = []
        self.stack: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "tr":
            self.cells.append([])
        if tag not in ("meta", "link", "img"):
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(data)
            if "table" in self.stack:
                self.cells[-1].append(data)


def test_page_has_the_table() -> None:
    report = disagreeing()
    page = Page(report.to_html())
    assert page.stack == []
    assert page.cells[1:] == [list(cells) for cells in report.cells()]
    assert "2 of 2 disagree" in page.words
    assert "all agree" in Page(cross_validate(h, W, backends="numpy").to_html()).words


def test_page_stands_alone_and_takes_every_text_for_text() -> None:
    bad = "<script>alert('&')</script>"
    row = Row(bad, bad, (2,), bad, 3.0, bad)
    text = Report(bad, bad, 100.0, (row,), (bad,), (bad,), 1, 0, {bad: bad}).to_html()
    page = Page(text)
    assert not {"script", "link", "img", "iframe"} & {*page.tags}
    assert sum(bad in word for word in page.words) >= 9
    assert not re.search(r"https?:|url\(|@import| src=", text)
    assert "prefers-color-scheme: dark" in text


@pytest.mark.parametrize(
    "error, bound, share", [(0, 0, 0), (0, 100, 0), (100, 100, 1), (1e9, 100, 1), (np.inf, np.inf, 1), (1, 100, 0.15)]
)
def test_page_shows_how_much_of_the_bound_is_used(error: float, bound: float, share: float) -> None:
    text = Report("f", "torch", bound, (Row("numpy", "value", (), "float64", error, "ok"),)).to_html()
    assert float(re.findall(r'meter value="([\d.]+)"', text)[0]) == pytest.approx(share, abs=1e-3)


REFUSED: list[tuple[str, dict[str, Any], type[Exception], str]] = [
    ("reference", {"reference": "jax"}, ValidationError, "'torch' or None, not 'jax'"),
    ("order", {"order": -1}, ValidationError, "must not be negative"),
    ("bound", {"bound": -1.0}, ValidationError, "must not be negative"),
    ("backends", {"backends": []}, ValidationError, "backends is empty"),
    ("backend", {"backends": ["numpi"]}, BackendNotFoundError, "did you mean 'numpy'"),
    ("dtype", {"dtype": pg.int64}, DTypeError, "float32 or float64"),
]


@pytest.mark.parametrize("options, error, match", [pytest.param(*r[1:], id=r[0]) for r in REFUSED])
def test_refused(options: dict[str, Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        cross_validate(h, W, **options)
