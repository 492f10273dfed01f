"""Federated learning without a network: clients that each keep their own pictures train one model together.

`plan` is what an experiment can ask for, `rounds` the algorithm on `nets` and `pictures`, `network` the simulated network,
`worker` the process all of that runs in, `job` its parent's end, and `work` makes a run of it.
"""
