"""What several runs look like on one axis."""

from __future__ import annotations

import json

from streamlit.testing.v1 import AppTest

from ui.train.compare.charts import run_colors


def test_many_runs_are_distinguished() -> None:
    names = [f"run {number}" for number in range(20)]
    assert len(set(run_colors(names).values())) == 20


def charts() -> None:
    from ui.train.compare.charts import epoch_chart, spread_chart

    epoch_chart({"a": [(1, 0.5), (2, None), (3, 0.7)], "b": []}, "IoU", "one", share=True)
    spread_chart({"a": {"x": {"Land": 0.5, "Road": 0.1}, "y": {"Land": 0.7}}, "b": {}}, "two")


def test_only_what_was_measured_is_drawn() -> None:
    at = AppTest.from_function(charts).run()
    assert not at.exception
    curves, spread = (json.loads(chart.proto.spec) for chart in at.get("plotly_chart"))
    assert [trace["x"] for trace in curves["data"]] == [[1, 3], []]
    assert curves["layout"]["yaxis"]["range"] == [0, 1]
    assert list(zip(spread["data"][0]["x"], spread["data"][0]["text"], strict=True)) == [
        ("Land", "x"),
        ("Land", "y"),
        ("Road", "x"),
    ]
