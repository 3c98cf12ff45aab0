"""Where records come to rest: Parquet files, immutable snapshots, the manifest and the card.

A run writes everything under `OUT/.staging/<run>/` (`sinks.snapshot.WriteSnapshot`); when
its pipeline has finished, `sinks.publish.publish` moves the finished files into
`OUT/snapshots/<id>/` and points `OUT/manifest.json` at them. Reading never needs Beam
(`sinks.manifest`, `sinks.inspect`).
"""
