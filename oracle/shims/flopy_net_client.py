"""`DashboardClient` for programs written after FLOPY-NET's documentation.

    from flopy_net_client import DashboardClient

    client = DashboardClient(base_url="http://localhost:3001/api/v1", api_key="...")
    experiment = client.experiments.create({"name": "...", "scenario": "basic_fl", "configuration": {"rounds": 10}})
    for update in client.experiments.monitor(experiment.id):
        print(update.current_round, update.accuracy, update.status)

That program never starts its experiment, and waits for it to be completed. So here `create` starts it, unless it says
`start=False` or the experiment has a `scheduled_at`.
"""

from __future__ import annotations

from oracle.client import RemoteFailed, SyncClient
from oracle.sdk.blocking import Blocked
from oracle.sdk.experiment import Experiment, Update
from oracle.sdk.experiments import Experiments
from oracle.sdk.room import Blocking

__all__ = ["DashboardClient", "Experiment", "RemoteFailed", "Update"]

API = "/api/v1"


class Started(Experiments[Blocking]):
    """Experiments that begin as they are created."""

    starts = True


class DashboardClient(SyncClient):
    """A server, at the `base_url` of its dashboard; `api_key` is a JWT or an API key, and anything will do where the server asks
    for none. It has `experiments`, whose `monitor` goes on until they are over, and every other room of `SyncClient`. Raises
    `RemoteFailed`, with `status`, `code` and `details`, for what is refused."""

    experiments: Experiments[Blocking]

    def __init__(self, base_url: str = "http://localhost:3001/api/v1", api_key: str = "", *, certificate: str = "",
                 deadline_s: float = 30.0) -> None:  # fmt: skip
        """Raises Invalid for what is no http or https URL."""
        super().__init__(base_url.rstrip("/").removesuffix(API), api_key, certificate, deadline_s=deadline_s)
        self.experiments = Started(self._bare, Blocked(self._portal))
