"""What several tests of hostile label files need."""

from __future__ import annotations


def square(**more: object) -> dict[str, object]:
    ring = [[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]]
    feature = {
        "type": "Feature",
        "properties": {"crs": "a name"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    return {"type": "FeatureCollection", **more, "features": [feature]}
