"""The labelled sets, the measures and the baselines of the feedback benchmark."""
